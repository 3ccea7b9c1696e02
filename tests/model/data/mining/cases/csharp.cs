using System.Linq;

namespace Shop
{
    public class Cart
    {
        private readonly List<Line> lines = new();

        /// <summary>
        /// Sums the prices of all lines that are not gifts.
        /// </summary>
        /// <param name="tax">in percent</param>
        /// <returns>cents</returns>
        [Pure]
        public int Total(int tax)
        {
            var sum = 0;
            foreach (var line in lines)
            {
                // gifts have a price too, but nobody pays it
                if (line.IsGift) continue;
                sum += line.Price; // in cents
            }
            /* rounding is left to the till */
            return sum * (100 + tax) / 100;
        }

        // How many lines there are.
        public int Size() => lines.Count;

        /// <summary>Makes a cart that holds some lines.</summary>
        public Cart(IEnumerable<Line> lines)
        {
            this.lines.AddRange(lines);
        }

        // Whether nothing lies in the cart.
        public bool IsEmpty
        {
            get { return lines.Count == 0; }
        }

        public void Clear()
        {
            #region emptying
            // other threads may read the list
            lock (lines)
            {
                lines.Clear();
            }
            #endregion
            void Tell()
            {
                // whoever watches wants to know
                Changed?.Invoke(this);
            }
            Tell();
        }
    }
}
