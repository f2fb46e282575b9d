# ECR's host names, and the accounts of EKS's own registries. It processes text only and uses no network.
#@ use images/references
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

ECR_ACCOUNT='' ECR_REGION=''

# parse_ecr_host HOST: account and region of a private ECR registry, in ECR_ACCOUNT and ECR_REGION; 1 for every other
# host. Each partition has its own domain, so `….cn-north-1.amazonaws.com` is no ECR host, and neither is a host
# that only begins like one.
parse_ecr_host() {
  local host='^([0-9]{12})\.dkr([.-])ecr(-fips)?\.([a-z]{2,5}(-[a-z]+)+-[0-9]{1,2})\.([a-z0-9.-]+)$'
  ECR_ACCOUNT='' ECR_REGION=''
  [[ $1 =~ $host ]] || return 1
  # The hosts with a hyphen are the dual-stack ones.
  case ${BASH_REMATCH[4]}${BASH_REMATCH[2]}${BASH_REMATCH[6]} in
    cn-*[0-9].amazonaws.com.cn | cn-*[0-9]-on.amazonwebservices.com.cn) ;;
    us-isob-*[0-9].sc2s.sgov.gov | us-isof-*[0-9].csp.hci.ic.gov | us-iso-*[0-9].c2s.ic.gov) ;;
    eu-isoe-*[0-9].cloud.adc-e.uk | eusc-*[0-9].amazonaws.eu) ;;
    cn-* | us-iso* | eu-iso* | eusc-*) return 1 ;;
    *[0-9].amazonaws.com | *[0-9]-on.aws) ;;
    *) return 1 ;;
  esac
  # As text, because ids can begin with zeros.
  ECR_ACCOUNT=${BASH_REMATCH[1]} ECR_REGION=${BASH_REMATCH[4]}
}

# EKS's image registries, from the table of amazon-eks-ami (get-ecr-uri.sh at 0ab84280): the account of each region that
# differs from the account of most regions in its partition.
readonly EKS_ACCOUNTS=' cn-north-1=918309763551 us-gov-east-1=151742754352 us-iso-west-1=608367168043 us-isob-west-1=321162350305 us-isof-east-1=171035529773 af-south-1=877085696533 ap-east-1=800184023465 ap-east-2=533267051163 ap-south-2=900889452093 ap-southeast-3=296578399912 ap-southeast-4=491585149902 ap-southeast-5=151610086707 ap-southeast-6=333609536671 ap-southeast-7=121268973566 ca-west-1=761377655185 eu-central-2=900612956339 eu-south-1=590381155156 eu-south-2=455263428931 il-central-1=066635153087 me-central-1=759879836304 me-south-1=558608220178 mx-central-1=730335286997 '

# eks_partition REGION: the account of most regions in the region's partition, and the domain, in REPLY. They differ in each
# partition.
eks_partition() {
  case $1 in
    cn-*) REPLY='961992271922 amazonaws.com.cn' ;;
    us-gov-*) REPLY='013241004608 amazonaws.com' ;;
    us-isob-*) REPLY='187977181151 sc2s.sgov.gov' ;;
    us-isof-*) REPLY='676585237158 csp.hci.ic.gov' ;;
    us-iso-*) REPLY='725322719131 c2s.ic.gov' ;;
    eu-isoe-*) REPLY='249663109785 cloud.adc-e.uk' ;;
    eusc-*) REPLY='877088126301 amazonaws.eu' ;;
    *) REPLY='602401143452 amazonaws.com' ;;
  esac
}

# trusted_source REF WANTED: whether an image on the node may replace WANTED: the same repository and tag, from one of EKS's own
# registries. Any pod can pull an image of any name to a node, but only EKS can push to those accounts.
trusted_source() {
  local partition row
  [[ $1 != "$2" && $1 == */* && $2 == */* && ${1#*/} == "${2#*/}" && $1 =~ $REFERENCE ]] || return 1
  parse_ecr_host "${1%%/*}" || return 1
  eks_partition "$ECR_REGION"
  partition=$REPLY row=" ([a-z0-9-]+)=$ECR_ACCOUNT "
  [[ $partition != "$ECR_ACCOUNT "* ]] || return 0
  [[ $EKS_ACCOUNTS =~ $row ]] || return 1
  eks_partition "${BASH_REMATCH[1]}"
  [[ $REPLY == "$partition" ]]
}

# eks_registry REGION: the host of EKS's own registry for a region, in REPLY.
eks_registry() {
  local account domain row=" $1=([0-9]+) "
  eks_partition "$1"
  account=${REPLY% *} domain=${REPLY#* }
  [[ ! $EKS_ACCOUNTS =~ $row ]] || account=${BASH_REMATCH[1]}
  REPLY=$account.dkr.ecr.$1.$domain
}
