defmodule Shop.Cart do
  @moduledoc """
  Carts of a shop.
  """

  alias Shop.Line

  @doc """
  Sums the prices of all lines that are not gifts.

  ## Examples

      iex> Shop.Cart.total([])
      0
  """
  @spec total([Line.t()]) :: integer
  def total(lines) do
    # gifts have a price too, but nobody pays it
    paid = Enum.reject(lines, & &1.gift?)
    Enum.sum(Enum.map(paid, & &1.price)) # in cents
  end

  @doc "How many lines there are."
  def size(cart), do: length(cart.lines)

  # Puts a line into the cart unless it is full.
  def add(%{limit: limit} = cart, line) when is_integer(limit) do
    if size(cart) >= limit do
      # say it to whoever watches the log
      Logger.warning("cart is full")
      {:error, :full}
    else
      # prices may have changed since it was shown
      line = %{line | price: Prices.of(line.article)}
      {:ok, %{cart | lines: [line | cart.lines]}}
    end
  end

  # the most lines that fit on a page
  @page 40

  @doc false
  defp pages(cart) do
    div(size(cart) + @page - 1, @page)
  end

  # Names of the articles, each of them once.
  defp names(cart) do
    cart.lines
    |> Enum.map(& &1.article.name)
    |> Enum.uniq()
  end

  def empty?(cart) do
    case cart.lines do
      [] ->
        # nothing was ever put in
        Telemetry.count(:empty)
        true

      _ ->
        false
    end
  end
end
