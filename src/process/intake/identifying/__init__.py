"""What identifies people, and is refused before anything of it is typed: names of columns, and their cells, kind by kind."""
