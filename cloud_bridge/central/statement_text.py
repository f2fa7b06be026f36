"""A unit's bill and a supplier's statement in words, for people who read them on a terminal."""

from cloud_bridge.central.page import yuan
from cloud_bridge.central.statements import Share, UnitBill
from edge.domain.statement import SupplierRow, SupplierStatement


def bill_text(bill: UnitBill) -> str:
    """A unit's bill: amounts as net of refunds, both totals, then by county and by scheme."""
    share = "–" if bill.certified_permille is None else f"{bill.certified_permille / 10:.1f} %"
    lines = [
        f"单位 {bill.unit} 对账单 (unit bill) {bill.month}, 成交 (realised), Asia/Shanghai",
        f"  {bill.orders} 单, {bill.pieces} 件, 总额 {yuan(bill.total_fen)}, 退回 {yuan(bill.refund_fen)},"
        f" 净额 {yuan(bill.net_fen)}, 认定 {yuan(bill.certified_fen)} ({share})",
        f"  应由单位支付 (billed) {yuan(bill.billed_fen)}, 失效退回单位 (lapsed) {yuan(bill.lapsed_fen)}",
    ]
    for title, shares in (("产地 counties", bill.counties), ("额度类别 schemes", bill.schemes)):
        lines += ["", title, *(_share(each) for each in shares)]
    return "\n".join([*lines, "", bill.note])


def _share(each: Share) -> str:
    back = f", 退回 {yuan(each.refund_fen)}" if each.refund_fen else ""
    return f"  {each.key or '未登记'}: {yuan(each.total_fen)}, 认定 {yuan(each.certified_fen)}{back}"


def statement_text(told: SupplierStatement) -> str:
    """A supplier's statement: its products, what was written off, and what it is due."""
    lines = [
        f"供应商 {told.supplier} 结算单 (statement) [{told.from_day}, {told.to_day}), Asia/Shanghai",
        *(_row(row) for row in told.rows),
        *(f"  {each.sku}: 报损 {each.pieces} 件 {each.reason}" for each in told.written_off),
        f"  销售 {yuan(told.sales_fen)}, 退回 {yuan(told.refund_fen)},"
        f" 应付 (payable) {yuan(told.payable_fen)}",
    ]
    if told.unpriced:
        lines.append(f"  {told.unpriced} 件没有供货价,未计入 (no supply price, not counted)")
    return "\n".join(lines)


def _row(row: SupplierRow) -> str:
    due = "未登记" if row.payable_fen is None else yuan(row.payable_fen)
    price = "未登记" if row.supply_price_fen is None else yuan(row.supply_price_fen)
    return f"  {row.sku} {row.name}: 售 {row.sold} − 退 {row.refunded} = {row.net} 件 × {price} = {due}"
