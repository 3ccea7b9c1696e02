package stack

// Stack is a last-in, first-out collection of integers.
type Stack struct {
	items []int
}

// Push puts a value on top of the stack.
func (s *Stack) Push(value int) {
	s.items = append(s.items, value)
}

// Pop removes the top value and returns it; the second result is false when the stack is empty.
func (s *Stack) Pop() (int, bool) {
}
