/// Adds two given numbers.
///
/// Slowly.
#[inline]
pub fn add(a: i32, b: i32) -> i32 {
    // keep the sum for later
    let sum = a + b;
    sum
}
