;;; lspmode_session.el --- drive lsp-mode in batch mode  -*- lexical-binding: t -*-
;; Usage: emacs -Q --batch -l CONFIGURATION -l lspmode_session.el FILE
;; Does what a user does and prints one JSON object: what was done -> the buffer's text after it. GLOSSWRIGHT_ELPA names
;; the folder with the sources of lsp-mode and of what it needs.

(setq last-nonmenu-event t
      backtrace-on-error-noninteractive nil
      inhibit-message t
      byte-compile-warnings nil
      warning-minimum-level :emergency)
(dolist (folder (directory-files (getenv "GLOSSWRIGHT_ELPA") t "^[a-z]"))
  (add-to-list 'load-path folder))

(require 'json)
(require 'cl-lib)
(require 'python)
(setq lsp-session-file (make-temp-file "session")
      lsp-auto-guess-root t
      lsp-restart 'ignore
      lsp-enable-file-watchers nil
      lsp-enable-snippet nil
      lsp-client-packages nil
      lsp-headerline-breadcrumb-enable nil
      lsp-modeline-code-actions-enable nil
      lsp-modeline-workspace-status-enable nil
      lsp-modeline-diagnostics-enable nil
      lsp-lens-enable nil
      lsp-progress-via-spinner nil
      lsp-warn-no-matched-clients nil)
(require 'lsp-mode)
(require 'lsp-inline-completion)

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
  "Have TEXT in the buffer, the cursor at its end, and a fresh undo history."
  (erase-buffer)
  (insert text)
  (setq buffer-undo-list nil))

(defun session-ghost ()
  "The suggestion on screen."
  (let ((overlay lsp-inline-completion--overlay))
    (concat (overlay-get overlay 'before-string) (overlay-get overlay 'display) (overlay-get overlay 'after-string))))

(defun session-act (name pick)
  "Run the code action whose title matches PICK, and note the text."
  (let ((before (buffer-string)))
    (lsp-execute-code-action
     (cl-find-if (lambda (action) (string-match-p pick (lsp:code-action-title action))) (lsp-code-actions-at-point)))
    (session-wait (lambda () (not (equal before (buffer-string)))))
    (session-note name (buffer-string))))

(let ((file (car command-line-args-left)))
  (setq command-line-args-left nil)
  (lsp-workspace-folders-add (file-name-directory file))
  (find-file file))
(lsp)
(session-wait (lambda () (and lsp--buffer-workspaces
                              (eq 'initialized (lsp--workspace-status (car lsp--buffer-workspaces))))))

(session-start "import os\n# add two numbers\n")
(lsp-inline-completion-display)
(session-wait #'lsp-inline-completion--active-p)
(session-note "ghost" (session-ghost))
(session-note "shown" (buffer-string))
(undo-boundary)
(lsp-inline-completion-accept)
(session-note "accepted" (buffer-string))

(session-start "# add two numbers\nx = 1\n")
(goto-char (point-min))
(session-act "comment" "Generate code")

(session-start "def add(a, b):\n    \"\"\"Return the sum.\"\"\"\n")
(goto-char (point-min))
(forward-line 1)
(session-act "docstring" "Implement this function")

(session-start "")
(seq-doseq (key "# add two numbers, ünïcode 𝒳, and slowly two numbers")
  (setq last-command-event key)
  (call-interactively #'self-insert-command)
  (accept-process-output nil 0.005))
(session-note "typed" (buffer-string))

(set-buffer-modified-p nil)
(kill-buffer)
(session-wait (lambda () (not (lsp-workspaces))))
(setq inhibit-message nil)
(princ (json-encode session-said))
(kill-emacs 0)
