"""What is told while it goes on: numbers of events (`tally`), words for them (`words`), and where they are shown."""
