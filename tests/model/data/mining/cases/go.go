package main

// Sum adds all of the numbers.
func Sum(numbers []int) int {
	// start with nothing at all
	total := 0

	for _, n := range numbers {
		// add this number to it
		total += n
	}
	return total
}
