const cart = [
  { name: "pen", price: 1.5, quantity: 4 },
  { name: "book", price: 12, quantity: 1 },
];

/**
 * Sum of price times quantity over all items, rounded to cents.
 * @param {{price: number, quantity: number}[]} items
 * @returns {number}
 * @example
 * total([{ price: 0.1, quantity: 3 }, { price: 2, quantity: 1 }]) // => 2.3
 */
function total(items) {
}

console.log(total(cart));
