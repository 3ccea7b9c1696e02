# Adds two given numbers.
def add(a, b)
  # keep the sum for later
  sum = a + b
  sum
end

class Box
  # How many things are inside.
  def self.size
    things.size
  end
end
