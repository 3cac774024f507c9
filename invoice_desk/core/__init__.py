"""Values, rules and state machines; pure, without files, clocks or databases."""
