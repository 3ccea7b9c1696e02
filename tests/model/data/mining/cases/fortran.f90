module cart
  implicit none
contains

  !> Sum the prices of all lines that are not gifts.
  !! Taxes come later.
  function total(prices, gift) result(s)
    real, intent(in) :: prices(:)
    logical, intent(in) :: gift(:)
    real :: s
    integer :: i
    s = 0.0
    do i = 1, size(prices)
      ! gifts have a price too, but nobody pays it
      if (gift(i)) cycle
      s = s + prices(i) ! in cents
    end do
  end function total

  ! Put a line into the cart unless it is full.
  subroutine add(lines, n, line)
    real, intent(inout) :: lines(:)
    integer, intent(inout) :: n
    real, intent(in) :: line
    if (n >= size(lines)) then
      ! say it to whoever watches the log
      print *, 'cart is full'
      return
    end if
    n = n + 1
    lines(n) = line
  end subroutine add

  subroutine clear(lines, n)
    !---------------------------
    !! Throw away all lines of a cart.
    real, intent(inout) :: lines(:)
    integer, intent(out) :: n
    lines = 0.0
    n = 0
  end subroutine clear

  !-----------------------------
  ! Add a tax to a price.
  !-----------------------------
  pure real function taxed(price, tax)
    real, intent(in) :: price, tax
    taxed = price * (1 + tax / 100)
  end function

end module cart
