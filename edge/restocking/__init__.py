"""The supplier's visit at the counter: who is signed in, what their taps do, what they see and are given."""
