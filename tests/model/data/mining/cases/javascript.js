/**
 * Adds two given numbers.
 * @param {number} a
 */
export function add(a, b) {
  return a + b;
}

/**
 * sort the list in place
 * @param list what to sort
 */
const sorted = list.sort();

// the square of a number
const square = (x) => {
  return x * x;
};

class Box {
  // puts one thing inside
  put(thing) {
    this.things.push(thing); // eslint-disable-line
  }
}
