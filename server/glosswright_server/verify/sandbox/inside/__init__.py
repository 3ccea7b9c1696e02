"""What runs on the other side of the wall. The server imports nothing of it: the files are given to an
interpreter, and import nothing but what every interpreter has."""
