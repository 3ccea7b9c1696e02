module Shop.Cart

open System

/// Sums the prices of all lines that are not gifts.
/// Taxes come later.
let total (lines: Line list) =
    // gifts have a price too, but nobody pays it
    let paid = lines |> List.filter (fun line -> not line.Gift)
    paid |> List.sumBy (fun line -> line.Price) // in cents

/// <summary>How many lines there are.</summary>
let size cart = List.length cart.Lines

(* Put a line into the cart
   unless it is full. *)
let add line cart =
    if size cart >= cart.Limit then
        // say it to whoever watches the log
        eprintfn "cart is full"
        None
    else
        Some { cart with Lines = line :: cart.Lines }

// the most lines that fit on a page
let page = 40

/// Whether a line is somewhere in a list of lines.
[<Pure>]
let rec mem line lines =
    match lines with
    | [] -> false
    | first :: rest -> first = line || mem line rest

/// A cart and how much fits.
type Cart(limit: int) =
    let mutable lines = []

    /// Empties the cart and tells it.
    member this.Clear() =
        lines <- []
        this.Changed()

    // Whether nothing lies in the cart.
    member this.IsEmpty = List.isEmpty lines
