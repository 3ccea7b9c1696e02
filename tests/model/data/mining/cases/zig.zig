//! Carts of a shop.
const std = @import("std");

/// Sums the prices of all lines that are not gifts.
/// Taxes come later.
pub fn total(lines: []const Line) u64 {
    var sum: u64 = 0;
    for (lines) |line| {
        // gifts have a price too, but nobody pays it
        if (line.is_gift) continue;
        sum += line.price; // in cents
    }
    return sum;
}

pub const Cart = struct {
    /// Where the lines of the cart are kept.
    lines: std.ArrayList(Line),

    // Puts a line into the cart unless it is full.
    pub fn add(self: *Cart, line: Line) !void {
        if (self.lines.items.len >= self.limit) {
            // say it to whoever watches the log
            std.log.warn("cart is full", .{});
            return error.Full;
        }

        // prices may have changed
        // since it was shown
        const price = try self.prices.of(line.article);
        try self.lines.append(line.with(price));
    }

    /// How many lines there are.
    pub fn size(self: Cart) usize { return self.lines.items.len; }
};

// the most lines that fit on a page
const page = 40;

test "an empty cart costs nothing" {
    const none = [_]Line{};
    // nothing was ever put in
    try std.testing.expectEqual(@as(u64, 0), total(&none));
}
