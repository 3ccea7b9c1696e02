function s = total(lines, tax)
% Sums the prices of all lines that are not gifts.
%
%   S = TOTAL(LINES, TAX) adds a tax in percent.
s = 0;
for i = 1:numel(lines)
    % gifts have a price too, but nobody pays it
    if lines(i).gift, continue, end
    s = s + lines(i).price; % in cents
end
s = s * (1 + tax / 100);
end

% Puts a line into the cart unless it is full.
function cart = add(cart, line)
    if numel(cart.lines) >= cart.limit
        % say it to whoever watches the log
        warning('cart is full');
        return
    end
    %{
    prices may have changed
    since it was shown
    %}
    line.price = price_of(line.article);
    cart.lines(end + 1) = line;
end

function n = count(cart)
    %COUNT How many lines there are.

    % Copyright 2020 The shop. All rights reserved.
    n = numel(cart.lines);
end

function plot_prices(cart)
    prices = [cart.lines.price];
    %% the dearest lines come first
    sorted = sort(prices, 'descend');
    bar(sorted) ;
end
