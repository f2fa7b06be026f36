"""Who may speak to whom: the centre's own certificate authority and what it hands out. No page, no event."""
