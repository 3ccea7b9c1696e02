import Foundation

/// Sums the prices of all lines that are not gifts.
///
/// - Parameter lines: what lies in the cart
@inlinable
public func total(_ lines: [Line]) -> Int {
    var sum = 0
    for line in lines {
        // gifts have a price too, but nobody pays it
        guard !line.isGift else { continue }
        sum += line.price // in cents
    }
    return sum
}

final class Cart {
    private var lines: [Line] = []

    /**
     Puts a line into the cart unless it is full.

     - Returns: whether there was room
     */
    @discardableResult
    func add(_ line: Line) -> Bool {
        if lines.count >= limit {
            // say it to whoever watches the log
            log.warning("cart is full")
            return false
        }
        /* prices may have changed
           since it was shown */
        line.price = prices.of(line.article)
        lines.append(line)
        return true
    }

    /// Makes a cart that holds some lines.
    init(lines: [Line]) {
        self.lines = lines
    }

    /// How many lines there are.
    var size: Int { lines.count }

    // Whether the two hold the same lines.
    static func == (a: Cart, b: Cart) -> Bool { a.lines == b.lines }
}

extension Cart {
    func describe() -> String {
        switch size {
        case 0:
            // nothing more to say here
            return "empty"
        default:
            let names = lines.map { line in
                // people know articles by their short names
                line.article.shortName
            }
            return names.joined(separator: ", ")
        }
    }
}
