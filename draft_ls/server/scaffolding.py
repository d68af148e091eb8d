"""Draft: Create, as an edit that the person can see and undo."""


async def create(ls, arguments): ...
