#pragma once

#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/robot/serial_chain.hpp>

IDM_NAMESPACE_BEGIN

namespace robot {

/// The 7-joint arm that the examples simulate: a Franka Emika Robot ("Panda") without hand, base level, z upwards.
///
/// Friction is ours: the published identification of this arm describes the torque sensors behind the gears, whereas a
/// log of motor torques contains the friction of the harmonic drives. Chosen are a Coulomb part of about 4 % of the
/// rated torque, most of it reached at 0.1 rad/s, and a viscous part that equals it at 2 rad/s.
///
/// *Units*: m, rad, kg, kg m^2, N m.
///
/// *Source*: kinematics and inertials: github.com/frankaemika/franka_description, robots/fer/kinematics.yaml and
/// robots/fer/inertials.yaml. Limits: the manufacturer's FCI documentation, "Robot and interface specifications",
/// limits for Panda. Rotor inertias, reflected: published by the manufacturer for the successor FR3, as listed in
/// github.com/RobotLocomotion/drake, manipulation/models/franka_description/README.md.
IDM_INLINE SerialChain arm7();

}  // namespace robot

#if !IDM_HAS_COMPILED

namespace robot {

IDM_INLINE SerialChain arm7() {
    constexpr double right = std::numbers::pi / 2;
    constexpr double xyz[7][3] = {{0, 0, 0.333},       {0, 0, 0}, {0, -0.316, 0}, {0.0825, 0, 0},
                                  {-0.0825, 0.384, 0}, {0, 0, 0}, {0.088, 0, 0}};
    constexpr double roll[7] = {0, -right, right, right, -right, right, right};
    constexpr double mass[7] = {2.7907, 2.5420, 2.2513, 2.2037, 2.2855, 1.353, 0.35973};
    constexpr double com[7][3] = {{0.00033, -0.02204, -0.04762}, {0.00038, -0.09211, 0.01908},
                                  {0.05152, 0.01696, -0.02971},  {-0.05113, 0.05825, 0.01698},
                                  {-0.00005, 0.03730, -0.09280}, {0.06572, -0.00371, 0.00153},
                                  {0.00089, -0.00044, 0.05491}};
    constexpr Inertia inertia[7] = {
        // xx, yy, zz, xy, xz, yz
        {0.01564782655, 0.01439883526, 0.00500443991, 0.00000531236, -0.00003676721, -0.00248480843},
        {0.01662427728, 0.00462501261, 0.01545124526, 0.00003086077, 0.00000835940, 0.00355899830},
        {0.00631741992, 0.00866285493, 0.00657804051, 0.00097309955, 0.00292525834, 0.00093469224},
        {0.00784585566, 0.00649543136, 0.01003079917, -0.00339591957, 0.00158704074, -0.00181477884},
        {0.02297014781, 0.02095060919, 0.00430606551, -0.00000949345, -0.00002063156, 0.00382345782},
        {0.00087964522, 0.00277796968, 0.00286701969, -0.00021487814, -0.00011911662, 0.00001274322},
        {0.00019541063, 0.00019210361, 0.00017936256, 0.00000165231, 0.00000148826, -0.00000131132}};
    constexpr double rotor[7] = {0.605721456, 0.605721456, 0.462474144, 0.462474144,
                                 0.205544064, 0.205544064, 0.205544064};
    constexpr double coulomb[7] = {3.5, 3.5, 3.5, 3.5, 0.5, 0.5, 0.5};
    constexpr double q_min[7] = {-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973};
    constexpr double q_max[7] = {2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973};
    constexpr double qd_max[7] = {2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61};
    constexpr double qdd_max[7] = {15, 7.5, 10, 12.5, 15, 20, 20};
    constexpr double tau_max[7] = {87, 87, 87, 87, 12, 12, 12};

    std::vector<Joint> joints(7);
    for (std::size_t i = 0; i < joints.size(); ++i)
        joints[i] = {.xyz = {xyz[i][0], xyz[i][1], xyz[i][2]},
                     .rpy = {roll[i], 0, 0},
                     .mass = mass[i],
                     .com = {com[i][0], com[i][1], com[i][2]},
                     .inertia = inertia[i],
                     .rotor_inertia = rotor[i],
                     .viscous = coulomb[i] / 2,
                     .coulomb = coulomb[i],
                     .coulomb_speed = 0.05,
                     .q_min = q_min[i],
                     .q_max = q_max[i],
                     .qd_max = qd_max[i],
                     .qdd_max = qdd_max[i],
                     .tau_max = tau_max[i]};
    return SerialChain(std::move(joints));
}

}  // namespace robot

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
