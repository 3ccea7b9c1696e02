"""A headless Neovim under remote control: real keys, and a look at its buffer, its popup menu and its ghost text.

Nothing but Neovim itself is needed: `nvim --server` sends the keys and asks the questions.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .install import program
from .workbench import Workbench, wait_for

KEY_PAUSE_MS = 12
"""Between two keys typed in a row: faster than anyone types, slow enough to be keys and no paste."""

_PREPARE = """
local ghost = function()
  local seen = {}
  for name, ns in pairs(vim.api.nvim_get_namespaces()) do
    if name:find('inline_completion') then
      for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, ns, 0, -1, { details = true })) do
        local lines = { mark[4].virt_text or {} }
        vim.list_extend(lines, mark[4].virt_lines or {})
        for _, line in ipairs(lines) do
          local text = ''
          for _, chunk in ipairs(line) do text = text .. chunk[1] end
          seen[#seen + 1] = text
        end
      end
    end
  end
  return table.concat(seen, '\\n')
end
local actions = {}
vim.ui.select = function(items, options, choose)
  for _, item in ipairs(items) do
    actions[#actions + 1] = options.format_item and options.format_item(item) or tostring(item)
  end
  choose(items[1], 1)
end
local busy = false
_G.probe = {
  ready = function()
    local client = vim.lsp.get_clients({ name = 'glosswright', bufnr = 0 })[1]
    return client and client.initialized or false
  end,
  text = function() return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n') end,
  ghost = ghost,
  actions = function() return actions end,
  menu = function()
    if vim.fn.pumvisible() == 0 then return {} end
    return vim.tbl_map(function(item) return item.abbr end, vim.fn.complete_info({ 'items' }).items)
  end,
  type = function(keys, pause)
    busy = true
    local at, timer = 0, vim.uv.new_timer()
    timer:start(0, pause, vim.schedule_wrap(function()
      at = at + 1
      if at > vim.fn.strchars(keys) then
        if busy then timer:stop(); timer:close() end
        busy = false
        return
      end
      local key = vim.fn.strcharpart(keys, at - 1, 1)
      vim.api.nvim_input(key == '<' and '<LT>' or key == '\\n' and '<CR>' or key)
    end))
    return true
  end,
  busy = function() return busy end,
  mode = function() return vim.api.nvim_get_mode().mode end,
  version = function() return tostring(vim.version()) end,
  messages = function() return vim.fn.execute('messages') end,
  floats = function()
    local seen = {}
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= '' then
        vim.list_extend(seen, vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false))
      end
    end
    return table.concat(seen, '\\n')
  end,
  clients = function()
    return vim.tbl_map(function(client) return client.name end, vim.lsp.get_clients({ bufnr = 0 }))
  end,
  diagnostics = function() return vim.tbl_map(function(one) return one.source end, vim.diagnostic.get(0)) end,
  -- What follows is for the plugin only.
  status = function() return require('glosswright').status() end,
  notified = function() return _G.notified end,
  health = function()
    vim.cmd('checkhealth glosswright')
    return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n')
  end,
}
"""


def found() -> list[str]:
    """The Neovims of this machine: those that GLOSSWRIGHT_NVIM names (as in PATH), else the fetched ones, or `nvim`."""
    named = [path for path in os.environ.get("GLOSSWRIGHT_NVIM", "").split(os.pathsep) if path]
    fetched = [path for path in map(program, ("nvim-0.11", "nvim-0.12")) if path]
    return named or fetched or [path for path in [shutil.which("nvim")] if path]


def version(binary: str) -> tuple[int, int]:
    """Major and minor version."""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=40, check=True).stdout
    major, minor = said.split()[1].lstrip("v").split(".")[:2]
    return int(major), int(minor)


PLUGIN = Path(__file__).resolve().parents[2] / "editors" / "neovim"


def plugin_init(options: str = "", more: str = "") -> str:
    """An `init.lua` that sets the plugin up: `options` is the Lua table for `setup`, `more` goes before it."""
    return (
        f"vim.opt.runtimepath:append('{PLUGIN}')\n_G.notified = {{}}\n"
        "vim.notify = function(message) _G.notified[#_G.notified + 1] = message end\n"
        f"{more}\nrequire('glosswright').setup({options})\n"
    )


class Neovim:
    """A session. A context manager; the process is gone at its end."""

    def __init__(self, binary: str, bench: Workbench, init: str, text: str) -> None:
        """`init` is the whole `init.lua`; `text` stands in the file that is edited."""
        self._program = binary
        self._env = {**bench.env, "NVIM_LOG_FILE": str(bench.folder / "nvim.log")}
        # A socket's path may have no more than about a hundred characters.
        self._folder = tempfile.mkdtemp(prefix="gw")
        self._socket = f"{self._folder}/nvim"
        prepare = bench.folder / "probe.lua"
        prepare.write_text(_PREPARE, encoding="utf-8")
        (bench.folder / "init.lua").write_text(init, encoding="utf-8")
        self._command = [
            binary, "--headless", "--clean", "-n", "-u", str(bench.folder / "init.lua"), "--listen", self._socket,
            "-c", f"luafile {prepare}", str(bench.file(text)),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Neovim:
        self._process = subprocess.Popen(
            self._command, env=self._env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            # The socket is there a moment before anybody listens.
            wait_for(lambda: Path(self._socket).exists(), "Neovim has a socket")
            wait_for(lambda: self._call("--remote-expr", "1").returncode == 0, "Neovim listens")
            wait_for(lambda: self.ask("ready"), "the language server is attached")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._process is not None
        try:
            self._call("--remote-send", "<Esc>:qa!<CR>")  # it may be gone before it has answered
            self._process.wait(30)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait(30)
            assert self._process.stdout is not None
            self._process.stdout.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def keys(self, keys: str) -> None:
        """Press keys, in Neovim's notation."""
        self._remote("--remote-send", keys)

    def type(self, text: str, pause_ms: int = KEY_PAUSE_MS) -> None:
        """Type plain text key by key, and wait until the last key was taken."""
        self.ask("type", text, pause_ms)
        wait_for(lambda: not self.ask("busy"), "everything is typed")

    def normal(self) -> None:
        """Leave insert mode."""
        self.keys("<Esc>")
        wait_for(lambda: self.ask("mode") == "n", "normal mode")

    def ask(self, what: str, *arguments: Any) -> Any:
        """What one of the probe's functions says."""
        lua = f"vim.json.encode(_G.probe and _G.probe.{what}(unpack(_A)))"
        given = json.dumps(list(arguments), ensure_ascii=False)
        said = self._remote("--remote-expr", f"luaeval({_quoted(lua)}, json_decode({_quoted(given)}))")
        return json.loads(said) if said.strip() else None

    @property
    def text(self) -> str:
        """The buffer."""
        return str(self.ask("text"))

    @property
    def ghost(self) -> str:
        """The suggestion on screen, or an empty string."""
        return str(self.ask("ghost"))

    def _remote(self, *arguments: str) -> str:
        done = self._call(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self._program, "--clean", "--headless", "--server", self._socket, *arguments]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=40)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
