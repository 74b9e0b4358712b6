// The URDF reader, where urdfdom is installed.
#if defined(IDM_TEST_HAS_URDF)

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/urdf.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#if defined(IDM_TEST_HAS_KDL)
#include "unit/robot/kdl.hpp"
#endif

using namespace idm;
using robot::Joint;
using robot::JointType;
using robot::SerialChain;

namespace {

std::string text(double value) {
    char out[32];
    std::snprintf(out, sizeof out, "%.17g", value);
    return out;
}
std::string text(const std::array<double, 3>& v) { return text(v[0]) + " " + text(v[1]) + " " + text(v[2]); }

std::string inertial(double mass, const std::string& xyz, const std::string& rpy, const robot::Inertia& i) {
    return "<inertial><origin xyz='" + xyz + "' rpy='" + rpy + "'/><mass value='" + text(mass) + "'/><inertia ixx='" +
           text(i.xx) + "' iyy='" + text(i.yy) + "' izz='" + text(i.zz) + "' ixy='" + text(i.xy) + "' ixz='" +
           text(i.xz) + "' iyz='" + text(i.yz) + "'/></inertial>";
}
std::string link(const std::string& name, const std::string& content = "") {
    return "<link name='" + name + "'>" + content + "</link>\n";
}
std::string joint(const std::string& type, const std::string& parent, const std::string& child,
                  const std::string& content = "") {
    return "<joint name='to_" + child + "' type='" + type + "'><parent link='" + parent + "'/><child link='" + child +
           "'/>" + content + "</joint>\n";
}
std::string origin(const std::string& xyz, const std::string& rpy = "0 0 0") {
    return "<origin xyz='" + xyz + "' rpy='" + rpy + "'/>";
}
const std::string axis_y = "<axis xyz='0 -1 0'/><limit lower='-1' upper='2' effort='30' velocity='4'/>";
const std::string bar = inertial(2, "0.5 0 0", "0 0 0", {0.01, 0.1, 0.1});

/// A file with the given robot in it, which goes away with its last use.
class UrdfFile {
public:
    explicit UrdfFile(const std::string& content, bool complete = true)
        : path_(folder_.write("robot.urdf", complete ? "<robot name='r'>\n" + content + "</robot>\n" : content)) {}

    SerialChain read(const std::string& base, const std::string& tip) const {
        return robot::read_urdf(path_, base, tip);
    }

private:
    TemporaryFolder folder_;
    std::filesystem::path path_;
};

/// The chain as a URDF file would describe it; the base link is `link0`.
std::string urdf_of(const SerialChain& chain) {
    std::string out = link("link0");
    for (Index k = 0; k < chain.size(); ++k) {
        const Joint& j = chain.joint(k);
        const std::string name = "link" + std::to_string(k + 1);
        out += link(name, inertial(j.mass, text(j.com), "0 0 0", j.inertia));
        out += joint(j.type == JointType::prismatic ? "prismatic" : "revolute", "link" + std::to_string(k), name,
                     origin(text(j.xyz), text(j.rpy)) + "<axis xyz='" + text(j.axis) + "'/><limit lower='" +
                         text(j.q_min) + "' upper='" + text(j.q_max) + "' effort='" + text(j.tau_max) + "' velocity='" +
                         text(j.qd_max) + "'/><dynamics damping='" + text(j.viscous) + "' friction='" +
                         text(j.coulomb) + "'/>");
    }
    return out;
}

/// Largest difference of a torque vector, relative to its largest value, over 1,000 random states.
double worst_difference(const SerialChain& a, const SerialChain& b) {
    Random random(11);
    double worst = 0;
    for (int state = 0; state < 1000; ++state) {
        const auto draw = [&](double range) {
            Vector<double> v(a.size());
            for (double& x : v) x = random.uniform(-range, range);
            return v;
        };
        const Vector<double> q = draw(3), qd = draw(3), qdd = draw(15);
        const Vector<double> expected = b.inverse_dynamics(q, qd, qdd);
        const double difference = (a.inverse_dynamics(q, qd, qdd) - expected).cwiseAbs().maxCoeff();
        if (!std::isfinite(difference)) return difference;
        worst = std::fmax(worst, difference / expected.cwiseAbs().maxCoeff());
    }
    return worst;
}

}  // namespace

TEST_CASE("a URDF file of the 7-joint arm gives the torques of the built-in chain on 1,000 states", "[urdf]") {
    const SerialChain arm = robot::arm7();
    const SerialChain read = UrdfFile(urdf_of(arm)).read("link0", "link7");
    REQUIRE(read.size() == 7);
    // What URDF can't say.
    std::vector<Joint> joints(read.joints().begin(), read.joints().end());
    for (std::size_t i = 0; i < 7; ++i) {
        const Joint& published = arm.joints()[i];
        joints[i].rotor_inertia = published.rotor_inertia;
        joints[i].coulomb_speed = published.coulomb_speed;
        CHECK(joints[i].q_min == published.q_min);
        CHECK(joints[i].q_max == published.q_max);
        CHECK(joints[i].qd_max == published.qd_max);
        CHECK(joints[i].tau_max == published.tau_max);
        CHECK(joints[i].viscous == published.viscous);
        CHECK(joints[i].coulomb == published.coulomb);
    }
    CHECK(worst_difference(SerialChain(joints), arm) < 1e-13);
    CHECK(worst_difference(read, arm) > 1e-3);
}

TEST_CASE("part of a chain begins at its base link", "[urdf]") {
    const UrdfFile file(urdf_of(robot::arm7()));
    const SerialChain part = file.read("link2", "link5");
    REQUIRE(part.size() == 3);
    CHECK(part.joint(0).mass == robot::arm7().joint(2).mass);
}

TEST_CASE("an inertial frame's position and rotation count, by hand", "[urdf]") {
    // A body of inertia (1, 2, 3) about its own axes, turned by yaw 90 degrees: about the link's axes (2, 1, 3), and
    // its xy product changes sign. The axis -y sees 1 + m c^2.
    const std::string turned = inertial(2, "0.5 0 0", text({0, 0, std::numbers::pi / 2}), {1, 2, 3, 0.25, 0, 0});
    const SerialChain chain =
        UrdfFile(link("base") + link("arm", turned) + joint("revolute", "base", "arm", axis_y)).read("base", "arm");
    const Joint& j = chain.joint(0);
    CHECK(j.mass == 2);
    CHECK(j.inertia.xx == Approx(2).epsilon(1e-14));
    CHECK(j.inertia.yy == Approx(1).epsilon(1e-14));
    CHECK(j.inertia.zz == Approx(3).epsilon(1e-14));
    CHECK(j.inertia.xy == Approx(-0.25).epsilon(1e-14));
    const Vector<double> up = Vector<double>::Constant(1, std::numbers::pi / 2), zero = Vector<double>::Zero(1);
    CHECK(chain.inverse_dynamics(up, zero, Vector<double>::Constant(1, 3))[0] == Approx((1 + 2 * 0.25) * 3));
}

TEST_CASE("what is fixed to a link adds to its inertia, by hand", "[urdf]") {
    // Point masses: 2 kg at 0.5 m of the arm, 1 kg of a tool that a flange without inertia holds at 1 m, 1 kg of a
    // camera beside the chain at 0.4 + 0.1 m. In all 4 kg at (2 * 0.5 + 1 + 0.5) / 4 = 0.625 m; about it
    // 2 * 0.125^2 + 0.375^2 + 0.125^2 = 0.1875 kg m^2.
    const auto point = [](double mass, const std::string& xyz) { return inertial(mass, xyz, "0 0 0", {}); };
    const std::string robot = link("base", bar) + link("pedestal", bar) + link("arm", point(2, "0.5 0 0")) +
                              link("flange") + link("tool", point(1, "0.2 0 0")) + link("bracket") +
                              link("camera", point(1, "0.1 0 0")) + link("beyond", bar) +
                              joint("fixed", "base", "pedestal", origin("0 0 3")) +
                              joint("revolute", "pedestal", "arm", origin("0 0 0.2") + axis_y) +
                              joint("fixed", "arm", "flange", origin("0.8 0 0")) + joint("fixed", "flange", "tool") +
                              joint("fixed", "arm", "bracket", origin("0.4 0 0")) +
                              joint("fixed", "bracket", "camera") + joint("fixed", "tool", "beyond");
    const SerialChain chain = UrdfFile(robot).read("base", "tool");
    REQUIRE(chain.size() == 1);
    const Joint& j = chain.joint(0);
    CHECK(j.xyz[2] == Approx(3.2).epsilon(1e-14));
    CHECK(j.mass == 4);
    CHECK(j.com[0] == Approx(0.625).epsilon(1e-14));
    CHECK(j.inertia.yy == Approx(0.1875).epsilon(1e-14));
    CHECK(j.inertia.zz == Approx(0.1875).epsilon(1e-14));
    CHECK(j.inertia.xx == Approx(0).margin(1e-15));
}

TEST_CASE("a chain with fixed joints in it gives the torques of the one without", "[urdf]") {
    // The arm's joint frames reached in two steps, the first a skew one, with a pitch of 90 degrees among them.
    const SerialChain arm = robot::arm7();
    Random random(4);
    std::vector<Joint> plain;
    std::string robot = link("link0");
    for (int k = 0; k < 4; ++k) {
        Joint j = arm.joint(k);
        j.rotor_inertia = j.viscous = j.coulomb = 0;
        for (double& x : j.xyz) x = random.uniform(-0.3, 0.3);
        j.rpy = {random.uniform(-3, 3), k == 2 ? std::numbers::pi / 2 : random.uniform(-3, 3), random.uniform(-3, 3)};
        const std::string before = "link" + std::to_string(k), name = "link" + std::to_string(k + 1);
        robot += link(name, inertial(j.mass, text(j.com), "0 0 0", j.inertia)) + link("half" + name) +
                 joint("fixed", before, "half" + name, origin(text(j.xyz), text(j.rpy))) +
                 joint("continuous", "half" + name, name, "<axis xyz='0 0 1'/>");
        plain.push_back(j);
    }
    const SerialChain read = UrdfFile(robot).read("link0", "link4");
    CHECK(std::isinf(read.joint(1).q_max));
    CHECK(worst_difference(read, SerialChain(plain)) < 1e-13);
}

TEST_CASE("prismatic joints and absent limits", "[urdf]") {
    const std::string robot =
        link("base") + link("a", bar) + link("b", bar) +
        joint("prismatic", "base", "a", "<axis xyz='0 0 1'/><limit lower='0' upper='0.5' effort='0' velocity='0'/>") +
        joint("continuous", "a", "b", "<limit effort='5' velocity='6'/>");
    const SerialChain chain = UrdfFile(robot).read("base", "b");
    REQUIRE(chain.size() == 2);
    CHECK(chain.joint(0).type == JointType::prismatic);
    CHECK(chain.joint(0).q_max == 0.5);
    CHECK(std::isinf(chain.joint(0).tau_max));
    CHECK(std::isinf(chain.joint(0).qd_max));
    CHECK(std::isinf(chain.joint(1).q_min));
    CHECK(chain.joint(1).tau_max == 5);
    CHECK(chain.joint(1).qd_max == 6);
    CHECK(chain.joint(1).axis == std::array<double, 3>{1, 0, 0});  // URDF's default
    const Vector<double> zero = Vector<double>::Zero(2);
    CHECK(chain.inverse_dynamics(zero, zero, zero)[0] == Approx(4 * 9.80665));
}

TEST_CASE("the reader says what is wrong with a file", "[urdf]") {
    const auto fails = [](const std::string& robot, const std::string& base, const std::string& tip,
                          const std::string& why) {
        const UrdfFile file(robot);
        CHECK_THROWS_WITH(file.read(base, tip), ContainsSubstring(why));
        CHECK_THROWS_AS(file.read(base, tip), DataError);
    };
    const std::string two = link("base") + link("a", bar) + link("b", bar) + joint("revolute", "base", "a", axis_y);
    fails(two + joint("revolute", "a", "b", axis_y), "base", "c", "no link is named 'c'; the robot has a, b, base");
    fails(two + joint("revolute", "a", "b", axis_y), "b", "a", "not a chain: link 'a' does not lie below 'b'");
    fails(two + joint("revolute", "base", "b", axis_y), "a", "b", "link 'b' does not lie below 'a'");
    fails(two + joint("fixed", "a", "b"), "a", "b", "no joint between 'a' and 'b' moves");
    fails(two + joint("fixed", "a", "b"), "a", "a", "no joint between 'a' and 'a' moves");
    fails(two + joint("planar", "a", "b"), "base", "b", "joint 'to_b': expected revolute, continuous, prismatic");
    fails(two + joint("floating", "a", "b"), "base", "b", "no planar or floating joints");
    fails(two + joint("continuous", "a", "b", "<mimic joint='to_a'/>"), "base", "b", "joint 'to_b' mimics another");
    fails(two + link("c") + joint("fixed", "a", "b") + joint("revolute", "b", "c", axis_y), "base", "c",
          "joint 'to_c' moves a link without inertia");
    fails(two + link("c", bar) + joint("fixed", "a", "b") + joint("revolute", "a", "c", axis_y), "base", "b",
          "not a chain: joint 'to_c' branches off link 'a' and moves");

    const auto no_file = [](const UrdfFile& file, const std::string& why) {
        CHECK_THROWS_WITH(file.read("base", "a"), ContainsSubstring(why));
        CHECK_THROWS_AS(file.read("base", "a"), FileError);
    };
    no_file(UrdfFile("<robot name='r'><link", false), "is no valid URDF file: ");
    no_file(UrdfFile(link("base") + link("base")), "link 'base' is not unique");
    CHECK_THROWS_WITH(robot::read_urdf("nowhere.urdf", "base", "a"), "can't read 'nowhere.urdf'");
}

#if defined(IDM_TEST_HAS_KDL)
TEST_CASE("an inertial frame that is turned agrees with KDL's rotation of an inertia", "[urdf]") {
    const robot::Inertia own{0.11, 0.13, 0.07, 0.01, -0.02, 0.005};
    const std::array<double, 3> rpy{0.3, -1.1, 2.2}, com{0.2, -0.1, 0.4};
    const std::string robot =
        link("base") + link("arm", inertial(3, text(com), text(rpy), own)) + joint("revolute", "base", "arm", axis_y);
    const SerialChain chain = UrdfFile(robot).read("base", "arm");
    const robot::Inertia& i = chain.joint(0).inertia;
    const KDL::RigidBodyInertia body(3, KDL::Vector::Zero(),
                                     KDL::RotationalInertia(own.xx, own.yy, own.zz, own.xy, own.xz, own.yz));
    const KDL::RigidBodyInertia turned = KDL::Frame(KDL::Rotation::RPY(rpy[0], rpy[1], rpy[2])) * body;
    const KDL::RotationalInertia expected = turned.getRotationalInertia();
    const std::array<double, 9> read{i.xx, i.xy, i.xz, i.xy, i.yy, i.yz, i.xz, i.yz, i.zz};
    for (std::size_t k = 0; k < 9; ++k) CHECK(read[k] == Approx(expected.data[k]).margin(1e-15));  // row by row
    CHECK(chain.joint(0).com[1] == Approx(-0.1).epsilon(1e-15));
}
#endif

#endif
