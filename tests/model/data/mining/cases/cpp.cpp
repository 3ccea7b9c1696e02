/// The larger of two things.
template <class T>
T larger(T a, T b) {
  return a < b ? b : a;
}

namespace n {
class Box {
  // true when nothing is inside
  bool empty() const { return size == 0; }
};
}
