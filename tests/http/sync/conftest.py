from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support import sandbox_world
from tests.support.sandbox_world import World


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    """An empty sandbox that sets no limits."""
    async with sandbox_world.world() as empty:
        yield empty
