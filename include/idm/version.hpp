#pragma once

// The one source of the version: CMake and the package files read these three lines.
#define IDM_VERSION_MAJOR 0
#define IDM_VERSION_MINOR 1
#define IDM_VERSION_PATCH 0
