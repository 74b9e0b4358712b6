// The optional part of the package: a URDF reader, which refuses a file that is not there.

#include <idm/robot/urdf.hpp>

int main() {
    try {
        idm::robot::read_urdf("nowhere.urdf", "base", "tip");
    } catch (const idm::FileError&) {
        return 0;
    }
    return 1;
}
