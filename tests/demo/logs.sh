# Logs for the demo's tests, made by awk alone: two joints on multi-sines, position in degrees, and a torque that
# depends on position, velocity and acceleration.

# table FIRST LAST ROWS: rows of `trajectory time q1 q2 tau1 tau2` at 100 Hz.
table() {
    LC_ALL=C awk -v first="$1" -v last="$2" -v rows="$3" 'BEGIN {
        for (k = first; k <= last; ++k)
            for (i = 0; i < rows; ++i) {
                t = i / 100; out = k " " t; torques = ""
                for (j = 1; j <= 2; ++j) {
                    a = 3 + j + 0.7 * k; b = 7.3 - 0.4 * k
                    q = sin(a * t) + 0.5 * cos(b * t + j)
                    qd = a * cos(a * t) - 0.5 * b * sin(b * t + j)
                    qdd = -a * a * sin(a * t) - 0.5 * b * b * cos(b * t + j)
                    out = out sprintf(" %.6f", q * 57.29577951308232)
                    torques = torques sprintf(" %.5f", 2 * qdd + 3 * qd + 5 * sin(q))
                }
                print out torques
            }
    }'
}

# csv FIRST LAST ROWS: the same with a header, comma-separated.
csv() {
    echo "run,time_s,q1,q2,tau1,tau2"
    table "$@" | tr ' ' ','
}

# npy_header TYPE ROWS COLUMNS: the start of an NPY file of version 1.0, 128 bytes.
npy_header() {
    printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '$1', 'fortran_order': False, 'shape': ($2, $3), }"
}

# little_endian_floats: the numbers of standard input as 4 bytes each.
little_endian_floats() {
    printf '%b' "$(LC_ALL=C awk '{
        for (i = 1; i <= NF; ++i) {
            x = $i + 0; sign = 0; exponent = 127; fraction = 0
            if (x < 0) { sign = 128; x = -x }
            if (x == 0) exponent = 0
            else {
                while (x >= 2) { x /= 2; ++exponent }
                while (x < 1) { x *= 2; --exponent }
                fraction = int((x - 1) * 8388608)
            }
            printf "\\0%03o\\0%03o\\0%03o\\0%03o", fraction % 256, int(fraction / 256) % 256, \
                int(fraction / 65536) + exponent % 2 * 128, sign + int(exponent / 2)
        }
    }')"
}

# npy FIRST LAST ROWS: the same table as an NPY file of '<f4', without time.
npy() {
    npy_header '<f4' $((($2 - $1 + 1) * $3)) 5
    table "$@" | cut -d ' ' -f 1,3- | little_endian_floats
}
