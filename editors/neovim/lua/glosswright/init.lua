--- Glosswright for Neovim 0.11 and later: the server's configuration, keys for ghost text, a status for the status
--- line, and `:Glosswright`. Everything goes through Neovim's own LSP client; there are no dependencies. Ghost text is
--- Neovim's own from 0.12 on, and comes from `glosswright.ghost` in 0.11.

local M = {}

local NAME = 'glosswright'

---@class glosswright.Keys
---@field accept string|false Put the suggestion in; the key stays what it was where nothing is suggested.
---@field accept_word string|false Put its next word in.
---@field next string|false The next candidate.
---@field previous string|false The one before.
---@field dismiss string|false Take it away; the key stays what it was where nothing is suggested.

---@class glosswright.Options
---@field cmd? string[] The server's command line.
---@field filetypes? string[]
---@field root_markers? string[]
---@field settings? table Settings as in docs/settings.md, without the leading `glosswright`.
---@field init_options? table Settings that are taken at start-up only.
---@field ghost_text? boolean
---@field completion? boolean Completion items as you type (`vim.lsp.completion`).
---@field debounce_ms? integer How long ghost text waits for the next key (0.11; 0.12 waits 200 ms).
---@field keys? glosswright.Keys

---@type glosswright.Options
local DEFAULTS = {
  cmd = { 'glosswright' },
  filetypes = {
    'python', 'javascript', 'javascriptreact', 'typescript', 'typescriptreact', 'go', 'rust', 'java', 'c', 'cpp',
    'ruby', 'sh', 'bash', 'sql', 'lua',
  },
  root_markers = { '.git', 'pyproject.toml', 'package.json' },
  settings = {},
  init_options = {},
  ghost_text = true,
  completion = true,
  debounce_ms = 200,
  keys = { accept = '<Tab>', accept_word = '<M-Right>', next = '<M-]>', previous = '<M-[>', dismiss = '<C-]>' },
}

---@type table<string, string|nil> What the server last said of itself: fields of `glosswright/status`.
local said = {}
---@type glosswright.Options
local chosen = DEFAULTS
local built_in = vim.lsp.inline_completion ~= nil

--- Ghost text of this version: Neovim's own, or ours, with the same functions.
local function ghost()
  if built_in then return require('glosswright.builtin') end
  return require('glosswright.ghost')
end

--- The client attached to a buffer, or nil.
---@param buffer? integer
---@return vim.lsp.Client?
function M.client(buffer)
  return vim.lsp.get_clients({ name = NAME, bufnr = buffer or vim.api.nvim_get_current_buf() })[1]
end

local function tell(message, level)
  vim.notify('Glosswright: ' .. message, level or vim.log.levels.INFO)
end

--- The options with `given` laid over the defaults; what is not known or of the wrong type is said and left out.
local function checked(given)
  local options = vim.deepcopy(DEFAULTS)
  for name, value in pairs(given or {}) do
    local default = DEFAULTS[name]
    if default == nil then
      tell(('there is no option %q; see :help glosswright-options'):format(name), vim.log.levels.WARN)
    elseif type(value) ~= type(default) then
      tell(('the option %q takes a %s'):format(name, type(default)), vim.log.levels.WARN)
    elseif name == 'keys' then
      options.keys = vim.tbl_extend('force', options.keys, value)
    else
      options[name] = value
    end
  end
  return options
end

local function map_keys(keys)
  local function map(key, action, description)
    if not key then return end
    vim.keymap.set('i', key, function()
      -- The answer of an expression may not change the text, so what does is left for afterwards.
      if not ghost().visible() then return key end
      vim.schedule(action)
      return ''
    end, { expr = true, desc = 'Glosswright: ' .. description })
  end
  map(keys.accept, function() ghost().accept() end, 'accept the suggestion')
  map(keys.accept_word, function() ghost().accept_word() end, "accept the suggestion's next word")
  map(keys.next, function() ghost().cycle(1) end, 'next suggestion')
  map(keys.previous, function() ghost().cycle(-1) end, 'previous suggestion')
  map(keys.dismiss, function() ghost().dismiss() end, 'dismiss the suggestion')
end

--- Configure and enable the server. May be called again with other options.
---@param options? glosswright.Options
function M.setup(options)
  if vim.fn.has('nvim-0.11') == 0 then
    tell('Neovim 0.11 or later is needed.', vim.log.levels.ERROR)
    return
  end
  chosen = checked(options)
  vim.lsp.config(NAME, {
    cmd = chosen.cmd,
    filetypes = chosen.filetypes,
    root_markers = chosen.root_markers,
    settings = { glosswright = chosen.settings },
    init_options = vim.tbl_extend('keep', { statusNotifications = true }, chosen.init_options),
    handlers = {
      ['glosswright/status'] = function(_, status)
        said = status or {}
        vim.cmd.redrawstatus({ bang = true })
      end,
      ['glosswright/documentStatus'] = function() end,
    },
    on_attach = function(client, buffer)
      if chosen.completion then vim.lsp.completion.enable(true, client.id, buffer) end
      if chosen.ghost_text then ghost().attach(client, buffer, chosen) end
    end,
    on_exit = function() said = {} end,
  })
  vim.lsp.enable(NAME)
  map_keys(chosen.ghost_text and chosen.keys or {})
  vim.api.nvim_create_user_command('Glosswright', function(call) M.command(call.fargs[1] or 'status') end, {
    nargs = '?',
    complete = function(lead)
      return vim.tbl_filter(function(name) return vim.startswith(name, lead) end, M.commands())
    end,
    desc = 'Glosswright: status, why, generate, implement, pause, resume, trust',
  })
end

--- One word for the status line: "" where there is no server, else `Glosswright` with its state.
---@return string
function M.status()
  if not M.client() then return '' end
  if said.paused then return 'Glosswright: paused' end
  if said.state == 'downloading' and said.percentage then return ('Glosswright: %d %%'):format(said.percentage) end
  return 'Glosswright: ' .. (said.state or 'ready')
end

--- Run one of the server's commands at the cursor.
local function execute(command, then_)
  local client = M.client()
  if not client then return tell('no server is attached to this buffer; see :checkhealth glosswright') end
  local position = vim.lsp.util.make_position_params(0, client.offset_encoding)
  local argument = { uri = position.textDocument.uri, position = position.position }
  client:request('workspace/executeCommand', { command = command, arguments = { argument } }, function(error, result)
    if error then return tell(error.message, vim.log.levels.WARN) end
    if then_ then then_(result) end
  end, vim.api.nvim_get_current_buf())
end

local function request(method, params)
  local client = M.client()
  if not client then return tell('no server is attached to this buffer; see :checkhealth glosswright') end
  client:request(method, params, function(error)
    if error then tell(error.message, vim.log.levels.WARN) end
  end)
end

local function applied(result)
  if result and result.applied == false and result.reason then tell(result.reason, vim.log.levels.WARN) end
end

local COMMANDS = {
  status = function() tell((M.status():gsub('^Glosswright: ', '')) .. (said.model and (', ' .. said.model) or '')) end,
  generate = function() execute('glosswright.generate', applied) end,
  implement = function() execute('glosswright.implement', applied) end,
  why = function()
    execute('glosswright.why', function(result)
      if not result then return tell('nothing here came from Glosswright') end
      local lines = vim.split(result.markdown, '\n')
      vim.lsp.util.open_floating_preview(lines, 'markdown', { focus_id = 'glosswright-why', border = 'rounded' })
    end)
  end,
  trust = function() execute('glosswright.trust') end,
  pause = function() request('glosswright/pause', { paused = true }) end,
  resume = function() request('glosswright/pause', { paused = false }) end,
}

--- The names `:Glosswright` takes.
function M.commands()
  local names = vim.tbl_keys(COMMANDS)
  table.sort(names)
  return names
end

--- What `:Glosswright NAME` does.
---@param name string
function M.command(name)
  if not COMMANDS[name] then
    return tell(('there is no %q; there are %s'):format(name, table.concat(M.commands(), ', ')), vim.log.levels.WARN)
  end
  COMMANDS[name]()
end

--- For `:checkhealth`: the options in force, and what the server said last.
function M.inspect()
  return chosen, said
end

return M
