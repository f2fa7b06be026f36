"""The names of what is in the file. It knows no columns; light enough for those who only read."""

APPEND_ONLY = (
    "meta",
    "event",
    "session",
    "session_journal",
    "sale",
    "sale_line",
    "tray_evidence",
    "stock_movement",
    "appeal",
    "calibration",
    "intake",
    "sale_supply",
    "refund",
    "quota_entry",
    "command",
    "command_end",
)
"""Money, events and their evidence: rows come, and stay as they are."""

MUTABLE = ("feed", "alarm", "pin_guard", "baseline", "command_text", "standing")
TABLES = frozenset(APPEND_ONLY + MUTABLE)

MIGRATION_SET = "ledger"
MIGRATION_TABLE = "_sqlite_migrations"
"""sqlite-utils' own table of what was applied."""

MIGRATIONS: tuple[str, ...] = (
    "m001_first",
    "m002_goods_of_a_tray",
    "m003_calibration",
    "m004_lots",
    "m005_prices",
    "m006_quota",
    "m007_commands",
)
"""The migrations this version knows, in order."""
