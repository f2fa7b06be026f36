"""What buyers say of a session: the answer to the counter's question, and an appeal once it is closed."""

from edge.conductor import Conductor
from edge.domain.redact import redacted
from edge.domain.requests import Accepted, Answer, AnswerRequest, AppealRequest, Refusal, Refused
from edge.domain.values import Instant
from edge.ledger.ledger import Ledger
from edge.turn import Turn


def appealed(appeal: AppealRequest, ledger: Ledger, now: Instant) -> Answer:
    """Record an appeal, without what a person should not have typed. Raises LedgerError."""
    if ledger.appeal(appeal.session, redacted(appeal.reason), now):
        return Accepted(appeal.id)
    return Refused(appeal.id, Refusal.UNKNOWN_SESSION, "no closed session of that id")


def answered(answer: AnswerRequest, conductor: Conductor, now: Instant, turn: Turn) -> Answer:
    """Tell the session under way which of two explanations is right."""
    if conductor.hear_answer(answer, now, turn):
        return Accepted(answer.id)
    text = "nothing is asked just now, or it was answered; the receipt shows what came of it"
    return Refused(answer.id, Refusal.NOT_ASKED, text)
