#include <stdio.h>

/* Adds two given numbers. */
static int add(int a, int b)
{
	/* keep the sum
	 * for a moment */
	int sum = a + b;
	return sum;
}
