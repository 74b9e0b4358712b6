# For 64-bit ARM on another machine, with Debian's and Ubuntu's cross compiler (g++-aarch64-linux-gnu). What is built runs
# there under qemu-user (qemu-aarch64), so tests run as they do at home:
#     cmake -S . -B build/arm --toolchain cmake/aarch64-toolchain.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)

# Headers without code are the same on both machines: they are looked for behind those of the cross compiler, whose C
# library must come first. Debian keeps the package of xsimd in a folder of the machine it was installed for.
# -Wno-psabi: gcc's notes on objects of gcc 9 and older.
set(CMAKE_CXX_FLAGS_INIT "-idirafter /usr/include -Wno-psabi")
file(GLOB xsimd_DIR /usr/lib/*-linux-gnu/cmake/xsimd)

# Libraries with code are this machine's own.
set(CMAKE_DISABLE_FIND_PACKAGE_orocos_kdl ON)
set(CMAKE_DISABLE_FIND_PACKAGE_urdfdom ON)
