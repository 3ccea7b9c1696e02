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
(defvar lsp-inline-completion-active-map)
(defvar lsp-inline-completion-idle-delay)
(defvar lsp-inline-completion-inhibit-predicates)

(with-eval-after-load 'lsp-mode
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () glosswright-command))
                    :activation-fn (apply #'lsp-activate-on glosswright-languages)
                    :initialization-options (lambda () glosswright-settings)
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
  (keymap-set lsp-inline-completion-active-map "TAB" #'lsp-inline-completion-accept))

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

;;;###autoload
(defun glosswright-write-code ()
  "Write the code that the comment or docstring at point asks for.
\\[keyboard-quit] stops it."
  (interactive)
  (cond ((and (fboundp 'eglot-current-server) (eglot-current-server))
         (let ((jsonrpc-default-request-timeout glosswright-patience)
               (server (eglot-current-server)))
           (condition-case nil
               (call-interactively #'eglot-code-actions)
             (quit (glosswright--stop server)
                   (signal 'quit nil)))))
        ((bound-and-true-p lsp-mode)
         (let ((lsp-response-timeout glosswright-patience))
           (call-interactively 'lsp-execute-code-action)))
        (t (user-error "No language server runs in this buffer: start lsp or glosswright-eglot"))))

(provide 'glosswright)

;;; glosswright.el ends here
