"""The pages' words in Chinese and English. A key missing in one language is a KeyError in the tests."""

from collections.abc import Mapping

LANGUAGES = ("zh", "en")

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("智能专柜中心", "Smart counter centre"),
    "subtitle": ("消费帮扶产品销售", "Sales of assisted counties' products"),
    "other_language": ("English", "中文"),
    "live": ("实时更新中", "Live"),
    "lost": ("连接中断,数据可能不是最新", "Connection lost; figures may be out of date"),
    "today_total": ("今日总额", "Today, total"),
    "today_certified": ("其中认定帮扶产品", "of which certified products"),
    "today_orders": ("今日订单", "Orders today"),
    "measure": ("成交", "Realised sales"),
    "as_of": ("截至", "as of"),
    "share": ("占比", "share"),
    "pieces": ("件", "pcs"),
    "sales": ("最新成交", "Latest sales"),
    "no_sales": (
        "还没有成交。第一笔会自动出现在这里。",
        "No sales yet. The first one appears here by itself.",
    ),
    "total": ("总额", "Total"),
    "certified": ("认定", "Certified"),
    "not_certified": ("非认定", "Not certified"),
    "order_no": ("订单号", "Order"),
    "closed_at": ("关门时间", "Closed"),
    "received_at": ("到达", "Received"),
    "counters": ("专柜", "Counters"),
    "counter": ("专柜", "Counter"),
    "state": ("状态", "State"),
    "online": ("在线", "Online"),
    "offline": ("离线", "Offline"),
    "last_sale": ("最近成交", "Last sale"),
    "backlog": ("待上传", "Waiting to send"),
    "gaps": ("缺号", "Missing numbers"),
    "through": ("已收至", "Received up to"),
    "none": ("无", "none"),
    "unknown": ("未登记", "not recorded"),
    "orders": ("订单", "Orders"),
    "per_counter": ("今日各专柜", "Today by counter"),
    "per_product": ("今日各商品", "Today by product"),
    "product": ("商品", "Product"),
    "county": ("产地", "Origin"),
    "count": ("件数", "Pieces"),
    "reviews": ("待复核", "Waiting for review"),
    "no_reviews": ("没有待复核的会话", "No session waits for review"),
    "reviews_note": ("未收款,等待人工判断", "nothing charged, a person has to decide"),
    "alarms": ("告警", "Alarms"),
    "no_alarms": ("没有告警", "No alarms"),
    "CRITICAL": ("紧急", "Critical"),
    "MAJOR": ("严重", "Major"),
    "MINOR": ("一般", "Minor"),
    "WARNING": ("提醒", "Warning"),
    "BOLT_STUCK": ("锁舌未动作", "Bolt did not move"),
    "NOT_LOCKED": ("未上锁", "Not locked"),
    "NOT_LATCHED": ("关门未落锁", "Shut but not latched"),
    "DOOR_OPEN": ("开门超时", "Door open too long"),
    "FORCED_ENTRY": ("异常开门", "Door opened unasked"),
    "GOODS_MOVED": ("关门状态下商品变动", "Goods moved behind a shut door"),
    "SENSOR_LOST": ("称重托盘无应答", "Tray silent"),
    "LINE_GONE": ("串口断开", "Serial line gone"),
    "MISCONFIGURED": ("配置与设备不符", "Settings do not fit the devices"),
    "APPEAL": ("购买人申诉", "Appeal"),
    "conflict": ("编号相同、内容不同", "Same number, other content"),
    "dead_letter": ("无法读取的消息", "Unreadable message"),
    "tz": ("时间均为北京时间", "All times Asia/Shanghai"),
}


def words(lang: str) -> dict[str, str]:
    """Every text of the pages in ``lang``."""
    column = LANGUAGES.index(lang)
    return {key: pair[column] for key, pair in WORDS.items()}
