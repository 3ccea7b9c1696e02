open Printf

(** Sum the prices of all lines that are not gifts.

    Taxes come later. *)
let total lines =
  (* gifts have a price too, but nobody pays it *)
  let paid = List.filter (fun line -> not line.gift) lines in
  List.fold_left (fun sum line -> sum + line.price) 0 paid

(* How many lines there are. *)
let size cart = List.length cart.lines

(* Put a line into the cart
 * unless it is full. *)
let add line cart =
  if size cart >= cart.limit then begin
    (* say it to whoever watches the log *)
    eprintf "cart is full\n";
    None
  end
  else Some { cart with lines = line :: cart.lines }

let names cart =
  (* articles that were taken out have no name *)
  let named =
    List.filter (fun line -> line.name <> "") cart.lines
  in
  List.map (fun line -> line.name) named

(* the most lines that fit on a page *)
let page = 40

(** Whether a line is somewhere in a list of lines. *)
let rec mem line = function
  | [] -> false
  | first :: rest -> first = line || mem line rest

(** A cart and how much fits. *)
type cart = { lines : line list; limit : int }

module Report = struct
  (** Print the lines, the dearest first. *)
  let print cart =
    let sorted = List.sort by_price cart.lines in (* stable *)
    List.iter print_line sorted;
    (* the total is worth a line of its own *)
    printf "%d\n" (total cart.lines)
end
