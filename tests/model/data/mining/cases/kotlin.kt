package shop.cart

import kotlin.math.max

/**
 * Sum the prices of all lines that are not gifts.
 *
 * @param lines what lies in the cart
 */
fun total(lines: List<Line>): Int {
    var sum = 0
    for (line in lines) {
        // gifts have a price too, but nobody pays it
        if (line.isGift) continue
        sum += line.price // in cents
    }
    return sum
}

class Cart(private val limit: Int) {
    // Puts a line into the cart unless it is full.
    @Synchronized
    fun add(line: Line): Boolean {
        if (lines.size >= limit) {
            // say it to whoever watches the log
            log.warn("cart is full")
            return false
        }
        /* prices may have changed since it was shown */
        line.price = prices.of(line.article)
        return lines.add(line)
    }

    /** How many lines there are. */
    fun size(): Int = lines.size

    /** Where lines are kept. */
    private val lines = mutableListOf<Line>()

    companion object {
        // An empty cart for the tests.
        fun empty() = Cart(limit = 3)
    }
}

fun describe(cart: Cart) = when (cart.size()) {
    0 -> "empty"
    else -> {
        // one word is enough for people
        val word = "full"
        word
    }
}
