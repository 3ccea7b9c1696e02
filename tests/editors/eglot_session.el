;;; eglot_session.el --- drive eglot in batch mode  -*- lexical-binding: t -*-
;; Usage: emacs -Q --batch -l CONFIGURATION -l eglot_session.el FILE
;; Does what a user does and prints one JSON object: what was done -> the buffer's text after it.

(require 'eglot)
(require 'python)
(require 'json)

(setq last-nonmenu-event t              ; in batch mode it is nil, and eglot would open a menu
      backtrace-on-error-noninteractive nil
      inhibit-message t
      eglot-confirm-server-edits nil)

(defvar session-said nil "What was done, newest first, and the text after it.")

(defun session-wait (look)
  "Wait until LOOK is true, thirty seconds at most."
  (let ((end (+ (float-time) 30)) found)
    (while (and (not (setq found (funcall look))) (< (float-time) end))
      (accept-process-output nil 0.03))
    found))

(defun session-note (name text)
  (push (cons name (substring-no-properties text)) session-said))

(defun session-start (text)
  "Have TEXT in the buffer, the cursor at its beginning, and a fresh undo history."
  (erase-buffer)
  (insert text)
  (goto-char (point-min))
  (setq buffer-undo-list nil))

(defun session-type (text)
  "Type TEXT key by key."
  (seq-doseq (key text)
    (setq last-command-event key)
    (call-interactively #'self-insert-command)
    (undo-boundary)
    (accept-process-output nil 0.005)))

(defun session-act (name line)
  "Run the first code action of LINE."
  (forward-line line)
  (let ((before (buffer-string)))
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt choices &rest _)
                 (let ((titles (all-completions "" choices)))
                   (session-note (concat name " offered") (string-join titles "|"))
                   (car titles)))))
      (call-interactively #'eglot-code-actions))
    (session-wait (lambda () (not (equal before (buffer-string)))))
    (session-note name (buffer-string))
    (undo-boundary)
    (undo)
    (session-note (concat name " undone") (buffer-string))))

(find-file (car command-line-args-left))
(setq command-line-args-left nil)
(if (fboundp 'eglot-by-hand)
    (eglot-by-hand)                     ; the package's own way
  (call-interactively #'eglot))
(session-wait #'eglot-managed-p)

(session-start "# add two numbers\nx = 1\n")
(session-act "comment" 0)

(session-start "def add(a, b):\n    \"\"\"Return the sum.\"\"\"\n")
(session-act "docstring" 1)

(session-start "# add two numbers\n\nx = 1\n")
(end-of-line)
(completion-at-point)                   ; lists the item in *Completions*, from which the user picks it
(with-selected-window (get-buffer-window "*Completions*")
  (goto-char (point-min))
  (search-forward "✎ ")
  (choose-completion))
(session-note "completion" (buffer-string))

(session-start "")
(session-type "# add two numbers, ünïcode 𝒳, and slowly two numbers")
(sit-for 1)
(session-note "typed" (buffer-string))

(let ((server (eglot-current-server)))
  (set-buffer-modified-p nil)
  (eglot-shutdown server nil 5))
(setq inhibit-message nil)
(princ (json-encode session-said))
