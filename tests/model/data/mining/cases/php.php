<?php

namespace Shop\Cart;

use InvalidArgumentException;

/**
 * Sum the prices of all lines that are not gifts.
 *
 * @param array $lines what lies in the cart
 * @return int in cents
 */
function total(array $lines): int
{
    $sum = 0;
    // gifts have a price too, but nobody pays it
    foreach ($lines as $line) {
        if (!$line->isGift) {
            $sum += $line->price; # per piece
        }
    }
    return $sum;
}

class Cart
{
    private array $lines = [];

    // Puts a line into the cart unless it is full.
    #[Audited]
    public function add(Line $line): bool
    {
        if (count($this->lines) >= self::MAX) {
            # say it to whoever watches the log
            $this->logger->warning('cart is full');
            return false;
        }
        $this->lines[] = $line;
        /* prices may have changed since it was shown */
        $line->price = $this->prices->of($line->article);
        return true;
    }

    /** How many lines there are. */
    public function size(): int { return count($this->lines); }

    /** What a cart must be able to do. */
    abstract public function clear(): void;
}

// names of the articles, in alphabetical order
$names = array_map(fn ($line) => $line->name, $lines);
sort($names);

$rest = [];
