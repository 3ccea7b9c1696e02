{-# LANGUAGE LambdaCase #-}
module Cart (total, add) where

import Data.List (sortOn)

-- | Sum the prices of all lines that are not gifts.
--   Taxes come later.
total :: [Line] -> Int
total items = sum prices
  where
    -- gifts have a price too, but nobody pays it
    prices = map price paid
    paid = filter (not . isGift) items

{-| Put a line into the cart
    unless it is full.
-}
add :: Line -> Cart -> Either Full Cart
add line cart
  | size cart >= limit cart = Left Full
  | otherwise = Right cart { items = line : items cart }

-- How many lines there are.
size = length . items

-- | Names of the articles, each of them once.
names :: Cart -> [Name]
names = nub . map article . items
{-# INLINE names #-}

-- | What to say of a cart with so many lines.
describe :: Int -> String
describe 0 = "empty"
describe 1 = "one line"
describe n = show n ++ " lines"

-- | A cart and how much fits.
data Cart = Cart { items :: [Line], limit :: Int }

report :: Cart -> IO ()
report cart = do
  putStrLn "The cart:"
  -- people look for the dearest lines first
  let sorted = sortOn (negate . price) (items cart)
  mapM_ print sorted -- one on a line
  {- the total is worth
     a line of its own -}
  print (total (items cart))

-- | Show a price with its currency.
instance Show Price where
  -- cents are always written with two digits
  show (Price cents) = show (cents `div` 100) ++ "." ++ pad (cents `mod` 100)
