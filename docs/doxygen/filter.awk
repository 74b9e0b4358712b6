# What Doxygen reads of a header: its content in the group of its folder (docs/doxygen/groups.dox), remarks behind members
# as their documentation. Line numbers stay.
BEGIN {
    group = "idm"
    if (match(ARGV[1], /include\/idm\/[a-z]+\//)) {
        split(substr(ARGV[1], RSTART, RLENGTH), parts, "/")
        group = parts[3]
    }
}
/^(IDM_NAMESPACE_BEGIN|namespace [a-z:]+ \{)$/ { print $0 " /** @addtogroup " group " */ /** @{ */"; next }
/^(IDM_NAMESPACE_END|}  \/\/ namespace [a-z:]+)$/ { print "/** @} */ " $0; next }
/^    [A-Za-z][^()\/]*( = [^\/]*)?; +\/\/ / { sub(/; +\/\/ /, ";  ///< ") }
{ print }
