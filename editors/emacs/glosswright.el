;;; glosswright.el --- Write a comment, get code that has been checked  -*- lexical-binding: t -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "29.1"))
;; Keywords: languages, convenience
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Tells eglot and lsp-mode, whichever is loaded, how to run Glosswright's language server:
;;
;;   (add-to-list 'load-path "/path/to/glosswright/editors/emacs")
;;   (require 'glosswright)
;;
;; With lsp-mode it runs beside the language's own server and shows ghost text; eglot has one server for a buffer, so there
;; it is chosen with `M-x glosswright-eglot'.  Documentation: docs/editors/emacs.md.

;;; Code:

(defgroup glosswright nil
  "Code from comments and docstrings."
  :group 'tools)

(defcustom glosswright-command '("glosswright")
  "The server's command line: a list of strings."
  :type '(repeat string))

(defcustom glosswright-settings nil
  "Settings as a property list, for example (:inline (:enabled :json-false)).
They are sent to lsp-mode's server and to eglot's at start-up."
  :type 'plist)

(defvar glosswright-languages
  '("python" "javascript" "typescript" "go" "rust" "java" "c" "cpp" "ruby" "shellscript" "sql")
  "The languages for which lsp-mode starts the server, by their LSP names.")

;; lsp-mode

(declare-function lsp-register-client "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(declare-function lsp-activate-on "lsp-mode")
(declare-function lsp-inline-completion-accept "lsp-inline-completion")
(declare-function lsp-inline-completion-show-overlay "lsp-inline-completion")
(declare-function lsp:inline-completion-item-insert-text "lsp-protocol")
(declare-function lsp:inline-completion-item-range? "lsp-protocol")
(declare-function lsp:inline-completion-item-command? "lsp-protocol")
(declare-function lsp:command-command "lsp-protocol")
(declare-function lsp:command-arguments? "lsp-protocol")
(declare-function lsp:range-start "lsp-protocol")
(declare-function lsp:range-end "lsp-protocol")
(declare-function lsp-make-inline-completion-item "lsp-protocol")
(declare-function lsp-make-position "lsp-protocol")
(declare-function lsp-make-range "lsp-protocol")
(declare-function lsp-get "lsp-protocol")
(declare-function lsp--position-to-point "lsp-mode")
(declare-function lsp--region-to-range "lsp-mode")
(declare-function lsp-find-workspace "lsp-mode")
(declare-function lsp-notify "lsp-mode")
(declare-function lsp-send-execute-command "lsp-mode")
(defvar lsp-inline-completion-active-map)
(defvar lsp-inline-completion-idle-delay)
(defvar lsp-inline-completion-inhibit-predicates)
(defvar lsp-inline-completion--current)
(defvar lsp-inline-completion--items)
(defvar lsp-inline-completion--overlay)
(defvar lsp-inline-completion--start-point)
(defvar lsp--cur-workspace)

(defun glosswright--handlers ()
  "The server's commands, which lsp-mode would have every server run."
  (let ((handlers (make-hash-table :test #'equal)))
    (dolist (name '("accepted" "generate" "implement" "why") handlers)
      (puthash (concat "glosswright." name) #'glosswright--run handlers))))

(defun glosswright--run (command)
  "Have the server run COMMAND."
  (let ((lsp--cur-workspace (lsp-find-workspace 'glosswright)))
    (lsp-send-execute-command (lsp:command-command command) (lsp:command-arguments? command))))

(with-eval-after-load 'lsp-mode
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () glosswright-command))
                    :activation-fn (apply #'lsp-activate-on glosswright-languages)
                    :initialization-options (lambda () glosswright-settings)
                    :action-handlers (glosswright--handlers)
                    :server-id 'glosswright
                    :completion-in-comments? t
                    :add-on? t))
  (setq lsp-inline-completion-idle-delay 0.3))

(defun glosswright-in-snippet-p ()
  "Whether the fields of a snippet are being filled in, by yasnippet or tempel.
TAB goes on to the next field then: ghost text would be in its way."
  (or (bound-and-true-p yas--active-snippets)
      (bound-and-true-p tempel--active)))

(with-eval-after-load 'lsp-inline-completion
  (add-to-list 'lsp-inline-completion-inhibit-predicates #'glosswright-in-snippet-p)
  (keymap-set lsp-inline-completion-active-map "TAB" #'lsp-inline-completion-accept)
  (keymap-set lsp-inline-completion-active-map "M-<right>" #'glosswright-accept-word)
  (keymap-set lsp-inline-completion-active-map "M-<down>" #'glosswright-accept-line))

(defun glosswright-accept-word ()
  "Put the next word of the ghost text in."
  (interactive)
  (glosswright--accept-part "[[:space:]\n]*\\(?:[[:alnum:]_]+\\|[^[:alnum:]_[:space:]\n]+\\)"))

(defun glosswright-accept-line ()
  "Put the ghost text in up to the end of its line, or of the next one there."
  (interactive)
  (glosswright--accept-part "\n*[^\n]+"))

;; Any other command would take the ghost text away.
(put 'glosswright-accept-word 'lsp-inline-completion-keep t)
(put 'glosswright-accept-line 'lsp-inline-completion-keep t)

(defun glosswright--accept-part (part)
  "Put in what the regexp PART finds next in the ghost text, and show the rest."
  (unless (overlayp lsp-inline-completion--overlay)
    (user-error "No suggestion is shown"))
  (let* ((item (elt lsp-inline-completion--items lsp-inline-completion--current))
         (text (lsp:inline-completion-item-insert-text item))
         (range (lsp:inline-completion-item-range? item))
         (point lsp-inline-completion--start-point)
         (start (if range (lsp--position-to-point (lsp:range-start range)) point))
         (end (if range (lsp--position-to-point (lsp:range-end range)) point))
         (there (buffer-substring-no-properties start point))
         (taken (and (stringp text) (= end point) (string-prefix-p there text)
                     (string-match (concat (regexp-quote there) part) text)
                     (match-end 0))))
    (if (or (null taken) (= taken (length text)))
        (lsp-inline-completion-accept)
      (goto-char point)
      (insert (substring text (length there) taken))
      ;; The same text in place of its part: so it can be taken whole, and counts as one.
      (setq lsp-inline-completion--items
            (list (lsp-make-inline-completion-item :insert-text text
                                                   :range? (glosswright--range start (point))
                                                   :command? (lsp:inline-completion-item-command? item)))
            lsp-inline-completion--current 0
            lsp-inline-completion--start-point (point))
      (lsp-inline-completion-show-overlay)
      (glosswright--tell-part (lsp:inline-completion-item-command? item) (substring text 0 taken)))))

(defun glosswright--range (start end)
  "From START to END as lsp-mode has it in what it received."
  (pcase-let ((`(:start ,from :end ,to) (lsp--region-to-range start end)))
    (lsp-make-range :start (apply #'lsp-make-position from) :end (apply #'lsp-make-position to))))

(defun glosswright--tell-part (command taken)
  "Tell the server that TAKEN, how the item with COMMAND begins, was accepted."
  (let ((workspace (lsp-find-workspace 'glosswright)))
    (when (and workspace command (equal (lsp:command-command command) "glosswright.accepted"))
      (let ((lsp--cur-workspace workspace))
        (lsp-notify "glosswright/feedback"
                    (list :id (lsp-get (elt (lsp:command-arguments? command) 0) :id)
                          :event "partlyAccepted"
                          :acceptedLength (/ (length (encode-coding-string taken 'utf-16le)) 2)))))))

;; eglot

(declare-function eglot "eglot")
(declare-function eglot-code-actions "eglot")
(declare-function eglot-current-server "eglot")
(defvar eglot-server-programs)

(defun glosswright--contact (&rest _)
  "What eglot starts."
  (append glosswright-command (list :initializationOptions (or glosswright-settings (make-hash-table)))))

;;;###autoload
(defun glosswright-eglot ()
  "Start Glosswright as this buffer's eglot server."
  (interactive)
  (require 'eglot)
  (let ((eglot-server-programs (list (cons (list major-mode) #'glosswright--contact))))
    (call-interactively #'eglot)))

(declare-function eglot--progress-reporters "eglot")
(declare-function jsonrpc-notify "jsonrpc")

(defun glosswright--stop (server)
  "Have SERVER stop what it works at; eglot tells no server of a quit."
  (when (fboundp 'eglot--progress-reporters)
    (maphash (lambda (token reporter)
               (let ((shown (format "%S" reporter)))
                 (when (and (string-match-p "Glosswright" shown) (not (string-match-p "Glosswright model" shown)))
                   (jsonrpc-notify server :window/workDoneProgress/cancel (list :token token)))))
             (eglot--progress-reporters server))))

(defvar jsonrpc-default-request-timeout)
(defvar lsp-response-timeout)

(defconst glosswright-patience 120
  "How many seconds the first answer may take, while the model is being started.")

(defconst glosswright--kind "refactor.rewrite"
  "The kind of the actions that write code.")

(declare-function lsp-execute-code-action-by-kind "lsp-mode")

;;;###autoload
(defun glosswright-write-code ()
  "Write the code that the comment or docstring at point asks for.
\\[keyboard-quit] stops it."
  (interactive)
  (cond ((and (fboundp 'eglot-current-server) (eglot-current-server))
         (let ((jsonrpc-default-request-timeout glosswright-patience)
               (server (eglot-current-server)))
           (condition-case nil
               (apply #'eglot-code-actions
                      `(,@(if (use-region-p) (list (region-beginning) (region-end)) (list (point) nil))
                        ,glosswright--kind t))
             (quit (glosswright--stop server)
                   (signal 'quit nil)))))
        ((bound-and-true-p lsp-mode)
         (let ((lsp-response-timeout glosswright-patience))
           (condition-case nil
               (lsp-execute-code-action-by-kind glosswright--kind)
             (lsp-no-code-actions (user-error "Nothing here asks for code")))))
        (t (user-error "No language server runs in this buffer: start lsp or glosswright-eglot"))))

(provide 'glosswright)

;;; glosswright.el ends here
