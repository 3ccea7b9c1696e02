package shop

import scala.collection.mutable

object Cart {
  /** Sums the prices of all lines that are not gifts.
    *
    * @param lines what lies in the cart
    */
  @tailrec
  def total(lines: List[Line], sum: Int = 0): Int = lines match {
    case Nil => sum
    case line :: rest =>
      // gifts have a price too, but nobody pays it
      val price = if (line.isGift) 0 else line.price
      total(rest, sum + price) // in cents
  }

  // How many lines there are in both.
  def size(a: Cart, b: Cart): Int = a.lines.size + b.lines.size
}

class Cart(limit: Int) {
  // where the lines of the cart are kept
  private val lines = mutable.Buffer.empty[Line]

  /* Puts a line into the cart unless it is full. */
  def add(line: Line): Boolean = {
    if (lines.size >= limit) {
      // say it to whoever watches the log
      log.warn("cart is full")
      false
    } else {
      lines += line
      // prices may have changed since it was shown
      line.price = prices.of(line.article)
      true
    }
  }

  // The names of the articles, in alphabetical order.
  def names =
    val all = lines.map(_.article.name)
    all.sorted

  // Empties the cart and tells it.
  def clear(): Unit = {
    lines.clear()
    changed()
  }
}
