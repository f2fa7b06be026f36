"""What the centre's commands do at the counter: checked again, recorded, carried out, answered."""
