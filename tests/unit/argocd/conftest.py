"""A Lua as Argo CD runs scripts in: version 5.1, and of the standard library only what Argo CD opens.

Its `util/lua` opens base, package and table, and an os of time and date alone; string, math and the
methods of strings are missing for scripts that come from argocd-cm.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lupa.lua51 import LuaRuntime, lua_type

Run = Callable[[Path, dict[str, Any]], Any]

_CLOSE_LIBRARIES = """
debug.setmetatable("", nil)
os = {time = os.time, date = os.date}
package.loaded.os = os
for _, name in ipairs({"string", "math", "io", "debug", "coroutine"}) do
  _G[name] = nil
  package.loaded[name] = nil
end
for _, name in ipairs({"dofile", "loadfile"}) do
  _G[name] = nil
end
"""


@pytest.fixture(scope="session")
def scripts() -> Path:
    """The folder that holds health.lua and actions/."""
    return Path(__file__).parents[3] / "argocd"


@pytest.fixture
def run_lua() -> Run:
    """Run a script on a resource and return what it returns, as JSON would have it."""

    def run(script: Path, resource: dict[str, Any]) -> Any:
        lua = LuaRuntime(register_eval=False, register_builtins=False)
        lua.execute(_CLOSE_LIBRARIES)
        lua.globals().obj = lua.table_from(resource, recursive=True)
        return _plain(lua.execute(script.read_text(encoding="utf-8")))

    return run


def _plain(value: Any) -> Any:
    """Return a Lua value as JSON has it; an empty table is a list, as gopher-json makes it."""
    if lua_type(value) != "table":
        return value
    items = {key: _plain(item) for key, item in value.items()}
    if set(items) == set(range(1, len(items) + 1)):
        return [items[index] for index in range(1, len(items) + 1)]
    return items
