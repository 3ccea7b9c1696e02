#import "Cart.h"

@implementation Cart

/**
 * Sums the prices of all lines that are not gifts.
 *
 * @param tax in percent
 */
- (NSInteger)totalWithTax:(NSInteger)tax {
    NSInteger sum = 0;
    for (Line *line in self.lines) {
        // gifts have a price too, but nobody pays it
        if (line.isGift) continue;
        sum += line.price; // in cents
    }
    return sum * (100 + tax) / 100;
}

// Puts a line into the cart unless it is full.
- (BOOL)addLine:(Line *)line
{
    if (self.lines.count >= self.limit) {
        // say it to whoever watches the log
        NSLog(@"cart is full");
        return NO;
    }
    /* prices may have changed
     * since it was shown */
    line.price = [self.prices priceOf:line.article];
    [self.lines addObject:line];
    return YES;
}

/// Makes a cart without any lines.
+ (instancetype)empty { return [[self alloc] init]; }

@end

// Adds a tax to a price.
static int taxed(int price, int tax)
{
    return price * (100 + tax) / 100;
}
