"""The session's table: every state has a way out, a wrong event changes nothing."""

import pytest

from edge.domain.session import TABLE, Effect, Event, State, UnexpectedEvent, step

ENDS = {State.SETTLED, State.EMPTY, State.REVIEW, State.CANCELLED}


def reachable(start):
    seen, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for (state, _), (after, _) in TABLE.items():
            if state is here and after not in seen:
                seen.add(after)
                todo.append(after)
    return seen


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_be_reached_and_leads_back_to_idle(state):
    assert state in reachable(State.IDLE)
    assert State.IDLE in reachable(state)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", list(Event))
def test_an_event_that_is_not_in_the_table_raises_and_names_both(state, event):
    if (state, event) in TABLE:
        assert step(state, event) == TABLE[state, event]
        return
    with pytest.raises(UnexpectedEvent, match=f"{state}.*{event}"):
        step(state, event)


def test_only_a_weighed_grant_moves_the_bolt():
    pulses = [
        (state, event) for (state, event), (_, effects) in TABLE.items() if Effect.PULSE_LOCK in effects
    ]
    assert pulses == [(State.GRANTED, Event.WEIGHED)]


def test_every_end_is_recorded_and_nothing_else_is():
    for (state, event), (after, effects) in TABLE.items():
        assert (Effect.RECORD in effects) == (after in ENDS and state not in ENDS), (state, event)


QUESTION = {
    Event.ASK: Effect.ASK_BUYER,
    Event.ANSWERED: Effect.CONCLUDE,
    Event.ANSWER_TIMEOUT: Effect.CONCLUDE,
}


@pytest.mark.parametrize(("event", "effect"), QUESTION.items())
def test_a_question_is_put_and_ends_while_settling_and_decides_nothing_by_itself(event, effect):
    assert [state for state, heard in TABLE if heard is event] == [State.SETTLING]
    assert step(State.SETTLING, event) == (State.SETTLING, (effect,))


def test_a_door_that_opens_while_the_question_is_put_is_still_watched():
    after, effects = step(State.SETTLING, Event.DOOR_OPENED)
    assert after is State.OPEN
    assert Effect.ALARM_FORCED in effects


def test_every_effect_and_every_event_is_used():
    assert {effect for _, effects in TABLE.values() for effect in effects} == set(Effect)
    assert {event for _, event in TABLE} == set(Event)
