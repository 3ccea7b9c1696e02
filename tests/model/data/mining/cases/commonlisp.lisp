(in-package :shop)

;;; Sums the prices of all lines that are not gifts.
(defun total (lines)
  ;; gifts have a price too, but nobody pays it
  (let ((paid (remove-if #'gift-p lines)))
    (reduce #'+ paid :key #'price))) ; in cents

(defun add (line cart)
  "Put a line into the cart unless it is full."
  (when (>= (size cart) (limit cart))
    ;; say it to whoever watches the log
    (warn "cart is full")
    (return-from add nil))
  (push line (lines cart)))

;; the most lines that fit on a page
(defparameter *page* 40)

#| How many lines there are
   in a cart. |#
(defun size (cart)
  (length (lines cart)))

;; Whether the line is free of charge.
(defmethod free-p ((line line))
  (or (gift-p line)
      (zerop (price line))))

;;; Runs some forms with a cart of its own.
(defmacro with-cart ((name) &body body)
  `(let ((,name (make-cart)))
     ,@body))
