# where the compiled files go
BUILD := build
OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard *.c))

.PHONY: all clean

# build the program and its manual
all: $(BUILD)/cart manual

# every object depends on the header too
$(BUILD)/%.o: %.c cart.h
	@mkdir -p $(BUILD)
	$(CC) $(CFLAGS) -c $< -o $@

## throw away all that can be built again
clean:
	rm -rf $(BUILD) # with the manual

# the pages of the manual, in all languages
.PHONY: manual
manual: en.html de.html

ifdef DEBUG
# show where the memory goes
CFLAGS += -g -fsanitize=address
endif

install: all
	# links for programs that look for the old name
	ln -sf cart $(DESTDIR)/bin/oldcart
