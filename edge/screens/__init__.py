"""The web thread: pages and API of the counter. It shows what the engine decided and decides nothing."""
