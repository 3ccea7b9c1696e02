module Waves

using LinearAlgebra

"""
    amplitude(wave, t)

The height of a wave at a time,
counted from the water level.

# Arguments
- `wave`: which one
"""
function amplitude(wave::Wave, t::Real)
    # waves that have not begun are flat
    t < wave.start && return 0.0
    phase = 2π * wave.frequency * (t - wave.start)
    return wave.height * sin(phase) # in metres
end

"Length of a wave in metres."
wavelength(wave) = wave.speed / wave.frequency

# Add two waves of equal frequency.
function add(a::Wave, b::Wave)
    #= the phases may differ,
       so heights cannot be added =#
    z = a.height * cis(a.phase) + b.height * cis(b.phase)
    Wave(abs(z), a.frequency, angle(z))
end

# Largest of the heights that were measured.
@inline function peak(samples)
    best = -Inf
    for sample in samples
        # gaps in the record are stored as missing
        ismissing(sample) && continue
        best = max(best, sample)
    end
    best
end

"""
What every wave has.
"""
struct Wave
    height::Float64
    frequency::Float64
end

# speed of waves in deep water
const SPEED = sqrt(9.81 / 2π)

end
