-- reeld.lua: gives this mpv a socket of its own, by which reeld can see what it plays:
--     $XDG_RUNTIME_DIR/reeld/mpv/PID.sock
-- A socket that you chose (input-ipc-server) is never touched: then only the address of that one is left there, in a
-- file named PID. Both are removed when mpv ends. Without XDG_RUNTIME_DIR this script does nothing.
--
-- Installed by "reeld setup mpv" and removed by "reeld setup mpv --remove". It needs mpv 0.33 or newer.

local utils = require "mp.utils"

local runtime = os.getenv("XDG_RUNTIME_DIR")
if not runtime or runtime:sub(1, 1) ~= "/" then return end

local folder = runtime .. "/reeld/mpv"
local socket, pointer

-- In a Flatpak every mpv has the same few process ids, but each instance has a name.
local function own_name()
    local pid = tostring(utils.getpid())
    local info = io.open("/.flatpak-info")
    if not info then return pid end
    local instance = info:read("*a"):match("\ninstance%-id=(%w+)")
    info:close()
    return instance and (pid .. "-" .. instance) or pid
end

local function make_folder()
    if utils.file_info(folder) then return true end
    -- "mkdir -m" sets the mode of the last folder only, so both are named.
    local result = mp.command_native({
        name = "subprocess",
        args = { "mkdir", "-p", "-m", "700", runtime .. "/reeld", folder },
        playback_only = false,
        capture_stdout = true,
        capture_stderr = true,
    })
    return result and result.status == 0
end

-- What the user chose, as a path from the root or @name.
local function absolute(address)
    if address:sub(1, 1) == "@" then return address end
    local path = mp.command_native({ "expand-path", address }) or address
    return utils.join_path(mp.get_property("working-directory") or "/", path)
end

local function remove_pointer()
    if pointer then os.remove(pointer) end
    pointer = nil
end

-- Written aside and renamed: a reader never sees half of it.
local function point_to(address)
    pointer = folder .. "/" .. own_name()
    local file = io.open(pointer .. ".new", "w")
    if not file then
        pointer = nil
        return
    end
    file:write(absolute(address), "\n")
    file:close()
    os.rename(pointer .. ".new", pointer)
end

local function remove_socket()
    if socket then os.remove(socket) end
    socket = nil
end

-- Somebody set the option: at the start the user, later perhaps another script or program.
local function follow(_, address)
    if address == socket then return end
    remove_socket()
    remove_pointer()
    if address and address ~= "" then point_to(address) end
end

-- Once, when all other scripts have had their chance to set the option: mpv opens no file before it has loaded them,
-- and one that is started without a file is given a moment.
local timer
local function begin()
    timer:kill()
    mp.unregister_event(begin)
    if not make_folder() then return end
    if (mp.get_property("input-ipc-server") or "") == "" then
        socket = folder .. "/" .. own_name() .. ".sock"
        mp.set_property("input-ipc-server", socket)
    end
    mp.observe_property("input-ipc-server", "string", follow)
end

mp.register_event("start-file", begin)
timer = mp.add_timeout(0.5, begin)

mp.register_event("shutdown", function()
    remove_socket()
    remove_pointer()
end)
