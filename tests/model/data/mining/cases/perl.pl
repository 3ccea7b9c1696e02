#!/usr/bin/perl
use strict;
use warnings;

package Shop::Cart;

# Sums the prices of all lines that are not gifts.
# Taxes come later.
sub total {
    my ($self, @lines) = @_;
    my $sum = 0;
    for my $line (@lines) {
        # gifts have a price too, but nobody pays it
        next if $line->{gift};
        $sum += $line->{price};    # in cents
    }
    return $sum;
}

=head2 add

Puts a line into the cart.

=cut

sub add {
    my ($self, $line) = @_;
    if (@{ $self->{lines} } >= $self->{limit}) {
        # say it to whoever watches the log
        warn "cart is full\n";
        return;
    }
    ## prices may have changed since it was shown
    $line->{price} = $self->{prices}->of($line->{article});
    push @{ $self->{lines} }, $line;
    return 1;
}

# How many lines there are.
sub size { return scalar @{ $_[0]{lines} } }

# names of the articles, in alphabetical order
my @names = sort map { $_->{name} } @articles;
print "$_\n" for @names;

# what people see who ask for help
print <<'END' if $help;
usage: cart [FILE]
END

1;
