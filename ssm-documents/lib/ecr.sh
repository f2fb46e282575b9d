# ECR's host names, and the accounts of EKS's own registries. Text only: nothing here asks a network.
#@ use references
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

ECR_ACCOUNT='' ECR_REGION=''

# parse_ecr_host HOST: account and region of a private ECR registry, in ECR_ACCOUNT and ECR_REGION; 1 for every other
# host. Each partition has its own domain, so `….cn-north-1.amazonaws.com` is no ECR host, and neither is a host that
# only begins like one.
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
  # As text: ids begin with zeros too.
  ECR_ACCOUNT=${BASH_REMATCH[1]} ECR_REGION=${BASH_REMATCH[4]}
}

# eks_partition ACCOUNT: the partition in which ACCOUNT is one of EKS's image registries, in REPLY; 1 for any other.
# The table is amazon-eks-ami's (get-ecr-uri.sh at 0ab84280).
eks_partition() {
  case $1 in
    602401143452 | 877085696533 | 800184023465 | 533267051163 | 900889452093 | 296578399912 | 491585149902 | \
      151610086707 | 333609536671 | 121268973566 | 761377655185 | 900612956339 | 590381155156 | 455263428931 | \
      066635153087 | 759879836304 | 558608220178 | 730335286997) REPLY=aws ;;
    918309763551 | 961992271922) REPLY=aws-cn ;;
    151742754352 | 013241004608) REPLY=aws-us-gov ;;
    725322719131 | 608367168043) REPLY=aws-iso ;;
    187977181151 | 321162350305) REPLY=aws-iso-b ;;
    249663109785) REPLY=aws-iso-e ;;
    171035529773 | 676585237158) REPLY=aws-iso-f ;;
    877088126301) REPLY=aws-eusc ;;
    *) return 1 ;;
  esac
}

# region_partition REGION: the partition of a region, in REPLY.
region_partition() {
  case $1 in
    cn-*) REPLY=aws-cn ;;
    us-gov-*) REPLY=aws-us-gov ;;
    us-isob-*) REPLY=aws-iso-b ;;
    us-isof-*) REPLY=aws-iso-f ;;
    us-iso-*) REPLY=aws-iso ;;
    eu-isoe-*) REPLY=aws-iso-e ;;
    eusc-*) REPLY=aws-eusc ;;
    *) REPLY=aws ;;
  esac
}

# trusted_source REF WANTED: whether an image on the node may stand in for WANTED: the same repository and tag, from one of
# EKS's own registries. Any pod can bring an image of any name onto a node, but nobody else can push to those accounts.
trusted_source() {
  local partition
  [[ $1 != "$2" && $1 == */* && $2 == */* && ${1#*/} == "${2#*/}" && $1 =~ $REFERENCE ]] || return 1
  parse_ecr_host "${1%%/*}" || return 1
  region_partition "$ECR_REGION"
  partition=$REPLY
  eks_partition "$ECR_ACCOUNT" && [[ $REPLY == "$partition" ]]
}

# The accounts of eks_partition by region, where a region has another than its partition's first.
readonly EKS_ACCOUNTS=' cn-north-1=918309763551 us-gov-east-1=151742754352 af-south-1=877085696533 ap-east-1=800184023465 ap-east-2=533267051163 ap-south-2=900889452093 ap-southeast-3=296578399912 ap-southeast-4=491585149902 ap-southeast-5=151610086707 ap-southeast-6=333609536671 ap-southeast-7=121268973566 ca-west-1=761377655185 eu-central-2=900612956339 eu-south-1=590381155156 eu-south-2=455263428931 il-central-1=066635153087 me-central-1=759879836304 me-south-1=558608220178 mx-central-1=730335286997 '

# eks_registry REGION: the host of EKS's own registry for a region of the partitions aws, aws-cn and aws-us-gov, in REPLY; 1
# for any other.
eks_registry() {
  local account=602401143452 domain=amazonaws.com row=" $1=([0-9]+) "
  case $1 in
    cn-*) account=961992271922 domain+=.cn ;;
    us-gov-*) account=013241004608 ;;
    us-iso* | eu-iso* | eusc-*) return 1 ;;
  esac
  [[ ! $EKS_ACCOUNTS =~ $row ]] || account=${BASH_REMATCH[1]}
  REPLY=$account.dkr.ecr.$1.$domain
}
