"""What a ticket asks for or reports that a person must see: its words enter, signals leave, whatever the wording."""
